# What the engine does, in jq: statistics of each metric and phase, and of each second.
def percentile($share): . as $sorted | ($share * (length - 1)) as $position | ($position | floor) as $below
  | $sorted[$below] + (($sorted[[$below + 1, length - 1] | min] - $sorted[$below]) * ($position - $below));
def statistics: map(.[1]) | sort
  | {count: length, sum: add, min: .[0], max: .[-1]}
  + ([0.5, 0.9, 0.95, 0.99, 0.999] as $shares | {percentiles: [percentile($shares[])]});
[inputs | select(.type == "Point") | [.metric, .data.value, .data.time[0:19], .data.tags.phase]]
| group_by(.[0])
| map({
    metric: .[0][0],
    all: statistics,
    phases: (group_by(.[3]) | map(statistics)),
    series: (group_by(.[2]) | map(statistics))
  })
