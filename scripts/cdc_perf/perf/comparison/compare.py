"""`inv compare` of two versions, from their names to the answer and its files."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cdc_perf.errors import ExitCode
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.load.k6 import K6
from cdc_perf.perf.comparison.measure import Measuring, measure
from cdc_perf.perf.comparison.settings import SLICE_SECONDS, ComparisonOptions
from cdc_perf.perf.comparison.versions import version_folders
from cdc_perf.perf.environment import machine, versions
from cdc_perf.perf.generator import K6Installer
from cdc_perf.report.html.version_comparison import comparison_html
from cdc_perf.report.version_comparison import comparison_markdown, sentence
from cdc_perf.results.comparison import Comparison, ComparisonStatus, Side
from cdc_perf.results.comparison_folder import ComparisonFolder
from cdc_perf.results.run_folder import check_results_folder
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.workload import load_workload
from cdc_perf.tools.cache import Cache
from cdc_perf.verdict.comparison import ComparisonAnswer, judge_comparison

# What the progress after each start shows.
_SHOWN = ("e2e_p50", "e2e_p95")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinishedComparison:
    """A comparison that has ended.

    Attributes:
        folder: Its files.
        comparison: What was measured.
        answer: What that shows.
    """

    folder: ComparisonFolder
    comparison: Comparison
    answer: ComparisonAnswer

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the command."""
        if self.comparison.status is ComparisonStatus.INTERRUPTED:
            return ExitCode.INTERRUPTED
        return self.answer.exit_code


def compare_versions(
    here: Checkout,
    cache: Cache,
    generator: K6Installer,
    names: Mapping[Side, str],
    options: ComparisonOptions,
) -> FinishedComparison:
    """Measure two versions and judge them.

    Args:
        here: The running checkout.
        cache: The tool cache.
        generator: Installs k6.
        names: What the user typed, by side.
        options: How long, how hard, and what matters.

    Raises:
        UsageFailure: The versions are not comparable, or a name or a settings file is wrong.
        StackFailure: A stack did not start.
        LoadFailure: k6 failed.
    """
    check_results_folder(here.results)
    with version_folders(here, names, cache) as found:
        head = found[Side.HEAD].checkout
        pipeline = load_pipeline(head)
        workload = load_workload(head, pipeline, "")
        k6 = K6(generator.install())
        folder = ComparisonFolder.create(here.results, datetime.now(UTC))
        comparison = Comparison(
            comparison_id=folder.comparison_id,
            status=ComparisonStatus.RUNNING,
            began=datetime.now(UTC),
            seconds=0.0,
            base=found[Side.BASE].described(),
            head=found[Side.HEAD].described(),
            harness=versions(here.root, generator.version, {}),
            machine=machine(),
            pipeline=here.pipeline_option or "pipelines/sample",
            workload=f"{workload.file or 'the default load'}, seed {workload.seed}",
            rate=options.rate,
            slice_seconds=SLICE_SECONDS,
            minutes=options.minutes,
            effect=options.effect,
        )
        _log.info(
            f"comparing {comparison.base.short} with {comparison.head.short}, "
            f"{options.minutes:g} minutes at most"
        )
        comparison = measure(
            Measuring(here, found, pipeline, workload, k6, folder, _is_settled), comparison
        )
    return FinishedComparison(folder, comparison, write_comparison(folder, comparison))


def write_comparison(folder: ComparisonFolder, comparison: Comparison) -> ComparisonAnswer:
    """Judge a comparison, and write its report and its summary."""
    answer = judge_comparison(comparison)
    write_atomically(folder.answer, readable_json(answer))
    write_atomically(folder.report, comparison_html(comparison, answer))
    write_atomically(folder.summary, comparison_markdown(comparison, answer))
    return answer


def _is_settled(comparison: Comparison) -> bool:
    answer = judge_comparison(comparison)
    so_far = "; ".join(sentence(x) for x in answer.figures if x.figure in _SHOWN)
    _log.info(
        f"start {len(comparison.starts)}, {comparison.seconds / 60:.1f} of "
        f"{comparison.minutes:g} minutes: {so_far or 'no valid slice'}"
    )
    return answer.settled
