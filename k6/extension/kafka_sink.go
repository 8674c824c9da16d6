package extension

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicPause is the time between two looks for a topic that does not exist yet: Debezium creates one with its first
// event.
const topicPause = 100 * time.Millisecond

// kafkaSink is a Kafka cluster. A change has arrived when a consumer can read it from its topic.
type kafkaSink struct {
	settings []kgo.Opt
	// client asks for topics and offsets. It is also what a ping goes through.
	client  *kgo.Client
	tailers shared[string, *tailer]
}

func newKafkaSink(given sinkOptions) (*kafkaSink, error) {
	settings, err := kafkaSettings(given.KafkaBootstrap, given.KafkaClient)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	client, err := kgo.NewClient(settings...)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return &kafkaSink{settings: settings, client: client}, nil
}

func (s *kafkaSink) ping(ctx context.Context) error {
	if err := s.client.Ping(ctx); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	return nil
}

// target returns the tailer of a table's topic. It blocks until it is known where the topic ends, and then reads on
// from there until the process ends.
func (s *kafkaSink) target(to mapping) (target, error) {
	return s.tailers.get(to.Topic, func() (*tailer, error) {
		ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
		defer cancel()
		t := newTailer(to.Topic, to.keyInSink())
		ends, err := s.ends(ctx, to.Topic)
		if err != nil {
			return nil, t.described(err)
		}
		go s.follow(context.Background(), t, ends)
		return t, nil
	})
}

// follow hands the topic's events to the tailer, from the given offsets on; without any, from the beginning of the
// topic, once it exists. It returns when ctx is done.
func (s *kafkaSink) follow(ctx context.Context, t *tailer, from map[int32]kgo.Offset) {
	for len(from) == 0 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(topicPause):
		}
		partitions, err := s.partitions(ctx, t.topic)
		if err != nil && !errors.Is(err, kerr.LeaderNotAvailable) {
			// A topic that is being created has no leader for a moment.
			t.fail(err)
		}
		from = map[int32]kgo.Offset{}
		for _, partition := range partitions {
			from[partition] = kgo.NewOffset().AtStart()
		}
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{t.topic: from}),
		// As librdkafka's consumers read by default: an event of an open transaction cannot be read yet.
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepRetryableFetchErrors(),
		kgo.WithHooks(fetchFailures{t}),
	}, s.settings...)...)
	if err != nil {
		t.fail(err)
		return
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		at := time.Now()
		fetches.EachError(func(_ string, _ int32, err error) { t.fail(err) })
		fetches.EachRecord(func(r *kgo.Record) { t.take(r.Key, r.Value, at) })
		if fetches.NumRecords() == 0 {
			// An error that stays is there at once again.
			time.Sleep(errorPause)
		}
	}
}

// fetchFailures hands failures of connections to those who wait: the client repeats the fetch and does not tell.
type fetchFailures struct{ tailer *tailer }

// OnBrokerConnect is called when a connection was made or failed.
func (f fetchFailures) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		f.tailer.fail(err)
	}
}

// OnBrokerE2E is called when a request was answered or failed.
func (f fetchFailures) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if err := e2e.Err(); err != nil && key == kmsg.Fetch.Int16() {
		f.tailer.fail(err)
	}
}

// ends returns where each partition of a topic ends for a consumer that reads what is committed; nothing if there is
// no such topic.
func (s *kafkaSink) ends(ctx context.Context, topic string) (map[int32]kgo.Offset, error) {
	partitions, err := s.partitions(ctx, topic)
	if err != nil || len(partitions) == 0 {
		return nil, err
	}
	asked := kmsg.NewListOffsetsRequestTopic()
	asked.Topic = topic
	for _, partition := range partitions {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition = partition
		// The end: https://kafka.apache.org/protocol#The_Messages_ListOffsets
		p.Timestamp = -1
		asked.Partitions = append(asked.Partitions, p)
	}
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	request.IsolationLevel = 1
	request.Topics = append(request.Topics, asked)
	response, err := request.RequestWith(ctx, s.client)
	if err != nil {
		return nil, err
	}
	ends := map[int32]kgo.Offset{}
	for _, answered := range response.Topics {
		for _, p := range answered.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, err
			}
			ends[p.Partition] = kgo.NewOffset().At(p.Offset)
		}
	}
	if len(ends) != len(partitions) {
		return nil, errors.New("the cluster does not tell where each partition ends")
	}
	return ends, nil
}

// partitions returns the partitions of a topic; none if it does not exist.
func (s *kafkaSink) partitions(ctx context.Context, topic string) ([]int32, error) {
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = kmsg.StringPtr(topic)
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = append(request.Topics, asked)
	response, err := request.RequestWith(ctx, s.client)
	if err != nil {
		return nil, err
	}
	var partitions []int32
	for _, answered := range response.Topics {
		err := kerr.ErrorForCode(answered.ErrorCode)
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, p := range answered.Partitions {
			partitions = append(partitions, p.Partition)
		}
	}
	return partitions, nil
}

// addresses splits `host:port,host:port`.
func addresses(bootstrap string) []string {
	var found []string
	for address := range strings.SplitSeq(bootstrap, ",") {
		if address = strings.TrimSpace(address); address != "" {
			found = append(found, address)
		}
	}
	return found
}
