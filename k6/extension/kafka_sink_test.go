package extension

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/youmark/pkcs8"
)

// The broker of these tests is kfake, which speaks Kafka's protocol.

const testTopic = "cdc.public.customer"

var customers = mapping{Topic: testTopic, Key: []string{"id"}}

func newCluster(t *testing.T, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

// kafkaAt returns a sink at a cluster with librdkafka's settings.
func kafkaAt(t *testing.T, cluster *kfake.Cluster, settings map[string]any) *kafkaSink {
	t.Helper()
	client, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newKafkaSink(sinkOptions{
		KafkaBootstrap: strings.Join(cluster.ListenAddrs(), ","), KafkaClient: string(client),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	return s
}

// produce writes records of a key and a value and returns when they are in the topic.
func produce(t *testing.T, s *kafkaSink, records ...[2]string) {
	t.Helper()
	producer, err := kgo.NewClient(append([]kgo.Opt{
		kgo.DefaultProduceTopic(testTopic), kgo.ProducerLinger(0), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.AllowAutoTopicCreation(),
	}, s.settings...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	for _, record := range records {
		produced := &kgo.Record{Key: []byte(record[0]), Value: []byte(record[1])}
		if record[1] == "" {
			produced.Value = nil
		}
		if err := producer.ProduceSync(t.Context(), produced).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func key(id string) string { return `{"id": "` + id + `"}` }

func flat(id, status string) string {
	return `{"id": "` + id + `", "status": "` + status + `", "__op": "c"}`
}

func TestAChangeIsFoundInItsTopic(t *testing.T) {
	cluster := newCluster(t, kfake.SeedTopics(3, testTopic))
	s := kafkaAt(t, cluster, nil)
	produce(t, s, [2]string{key("before"), flat("before", "new")})
	to, err := s.target(customers)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := s.target(customers); again != to {
		t.Error("a topic has two tailers")
	}
	// At once: what comes after the target is there is found, although nothing has been read yet.
	produce(t, s, [2]string{key("a"), flat("a", "old")}, [2]string{key("a"), flat("a", "new")}, [2]string{key("b"), flat("b", "new")})
	if got := to.wait(t.Context(), "a", arrived, 10*time.Second); !got.Found || got.Error != "" || got.metAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	if got := to.wait(t.Context(), "b", arrived, 10*time.Second); !got.Found {
		t.Errorf("got %+v", got)
	}
	if row, err := to.find(t.Context(), "b"); row["status"] != "new" || err != nil {
		t.Errorf("found %v, %v", row, err)
	}
	result := make(chan waitResult)
	go func() { result <- to.wait(t.Context(), "a", expectation{deleted: true}, 10*time.Second) }()
	produce(t, s, [2]string{key("a"), ""})
	if got := <-result; !got.Found {
		t.Errorf("the tombstone: %+v", got)
	}
	if row, err := to.find(t.Context(), "before"); row != nil || err != nil {
		t.Errorf("an event from before the target is found: %v, %v", row, err)
	}
}

func TestATopicThatDoesNotExistYetIsReadFromItsBeginning(t *testing.T) {
	cluster := newCluster(t, kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(2))
	s := kafkaAt(t, cluster, nil)
	to, err := s.target(customers)
	if err != nil {
		t.Fatal(err)
	}
	if cluster.TopicInfo(testTopic) != nil {
		t.Fatal("the sink has created the topic")
	}
	produce(t, s, [2]string{key("a"), flat("a", "new")})
	if got := to.wait(t.Context(), "a", arrived, 10*time.Second); !got.Found {
		t.Errorf("got %+v", got)
	}
}

func TestAChangeOfAnOpenTransactionHasNotArrived(t *testing.T) {
	s := kafkaAt(t, newCluster(t, kfake.SeedTopics(1, testTopic)), nil)
	to, err := s.target(customers)
	if err != nil {
		t.Fatal(err)
	}
	producer, err := kgo.NewClient(append([]kgo.Opt{
		kgo.TransactionalID("connect"), kgo.DefaultProduceTopic(testTopic),
	}, s.settings...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if err := producer.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	record := &kgo.Record{Key: []byte(key("a")), Value: []byte(flat("a", "new"))}
	if err := producer.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if got := to.wait(t.Context(), "a", arrived, 200*time.Millisecond); got.Found {
		t.Errorf("before the commit: %+v", got)
	}
	if err := producer.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	if got := to.wait(t.Context(), "a", arrived, 10*time.Second); !got.Found {
		t.Errorf("after the commit: %+v", got)
	}
}

func TestABrokerThatIsGoneIsTheErrorOfTheWait(t *testing.T) {
	cluster := newCluster(t, kfake.SeedTopics(1, testTopic))
	s := kafkaAt(t, cluster, nil)
	to, err := s.target(customers)
	if err != nil {
		t.Fatal(err)
	}
	produce(t, s, [2]string{key("a"), flat("a", "new")})
	to.wait(t.Context(), "a", arrived, 10*time.Second)
	cluster.Close()
	got := to.wait(t.Context(), "b", arrived, time.Second)
	if got.Found || !strings.HasPrefix(got.Error, "kafka: topic "+testTopic+": ") || !strings.Contains(got.Error, "refused") {
		t.Errorf("got %+v", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := s.ping(ctx); err == nil || !strings.HasPrefix(err.Error(), "kafka: ") {
		t.Errorf("the ping says %v", err)
	}
}

func TestATopicThatCannotBeAskedForIsAnErrorAndIsAskedForAgain(t *testing.T) {
	port := freePort(t)
	s, err := newKafkaSink(sinkOptions{KafkaBootstrap: "127.0.0.1:" + strconv.Itoa(port)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	want := "kafka: topic " + testTopic + ": unable to dial: "
	if _, err := s.target(customers); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	newCluster(t, kfake.Ports(port), kfake.SeedTopics(1, testTopic))
	if _, err := s.target(customers); err != nil {
		t.Errorf("the failure is kept: %v", err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func pinged(t *testing.T, s *kafkaSink) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return s.ping(ctx)
}

func TestLogins(t *testing.T) {
	authority := newAuthority(t)
	loopback := net.IPv4(127, 0, 0, 1)
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			cluster := newCluster(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "k6", "s3cret"),
				kfake.TLS(authority.server(t, loopback)), kfake.SeedTopics(1, testTopic))
			settings := map[string]any{
				"security.protocol": "SASL_SSL", "sasl.mechanisms": mechanism, "sasl.username": "k6",
				"sasl.password": "s3cret", "ssl.ca.location": filepath.Join(authority.folder, "ca.pem"),
			}
			s := kafkaAt(t, cluster, settings)
			to, err := s.target(customers)
			if err != nil {
				t.Fatal(err)
			}
			produce(t, s, [2]string{key("a"), flat("a", "new")})
			if got := to.wait(t.Context(), "a", arrived, 10*time.Second); !got.Found {
				t.Errorf("got %+v", got)
			}
			settings["sasl.password"] = "wr0ng"
			err = pinged(t, kafkaAt(t, cluster, settings))
			if err == nil || strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("with a wrong password: %v", err)
			}
		})
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	authority, other := newAuthority(t), newAuthority(t)
	ours, theirs := filepath.Join(authority.folder, "ca.pem"), filepath.Join(other.folder, "ca.pem")
	named := newCluster(t, kfake.TLS(authority.server(t, net.IPv4(127, 0, 0, 1))))
	unnamed := newCluster(t, kfake.TLS(authority.server(t, net.IPv4(127, 0, 0, 2))))
	tests := map[string]struct {
		cluster  *kfake.Cluster
		settings map[string]any
		ok       bool
	}{
		"right":                        {named, map[string]any{"ssl.ca.location": ours}, true},
		"another CA":                   {named, map[string]any{"ssl.ca.location": theirs}, false},
		"the system's CAs":             {named, nil, false},
		"another name":                 {unnamed, map[string]any{"ssl.ca.location": ours}, false},
		"another name, not compared":   {unnamed, map[string]any{"ssl.ca.location": ours, "ssl.endpoint.identification.algorithm": "none"}, true},
		"another CA, names not read":   {unnamed, map[string]any{"ssl.ca.location": theirs, "ssl.endpoint.identification.algorithm": "none"}, false},
		"another CA, not verified":     {named, map[string]any{"ssl.ca.location": theirs, "enable.ssl.certificate.verification": false}, true},
		"not verified, as text":        {unnamed, map[string]any{"enable.ssl.certificate.verification": "false"}, true},
		"without TLS":                  {named, map[string]any{"security.protocol": "plaintext"}, false},
		"the protocol in lower case":   {named, map[string]any{"ssl.ca.location": ours, "security.protocol": "ssl"}, true},
		"settings of a login, ignored": {named, map[string]any{"ssl.ca.location": ours, "sasl.username": "k6"}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			settings := map[string]any{"security.protocol": "SSL"}
			for name, value := range test.settings {
				settings[name] = value
			}
			if err := pinged(t, kafkaAt(t, test.cluster, settings)); (err == nil) != test.ok {
				t.Errorf("the ping says %v", err)
			}
		})
	}
}

func TestAClientShowsItsCertificate(t *testing.T) {
	authority := newAuthority(t)
	server := authority.server(t, net.IPv4(127, 0, 0, 1))
	server.ClientAuth = tls.RequireAndVerifyClientCert
	server.ClientCAs = x509.NewCertPool()
	server.ClientCAs.AddCert(authority.certificate)
	cluster := newCluster(t, kfake.TLS(server))

	clientKey := newKey(t)
	certificate := authority.issue(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, clientKey)
	open, err := x509.MarshalPKCS8PrivateKey(clientKey)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := pkcs8.MarshalPrivateKey(clientKey, []byte("s3cret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	openKey := authority.write(t, "open.pem", "PRIVATE KEY", open)
	lockedKey := authority.write(t, "locked.pem", "ENCRYPTED PRIVATE KEY", locked)
	settings := func(key, password string) map[string]any {
		return map[string]any{
			"security.protocol": "SSL", "ssl.ca.location": filepath.Join(authority.folder, "ca.pem"),
			"ssl.certificate.location": authority.write(t, "client.pem", "CERTIFICATE", certificate.Raw),
			"ssl.key.location":         key, "ssl.key.password": password,
		}
	}
	for name, given := range map[string]map[string]any{
		"a key": settings(openKey, ""), "a key with a password": settings(lockedKey, "s3cret"),
		"a password for a key without one": settings(openKey, "s3cret"),
	} {
		if err := pinged(t, kafkaAt(t, cluster, given)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	without := map[string]any{"security.protocol": "SSL", "ssl.ca.location": filepath.Join(authority.folder, "ca.pem")}
	if err := pinged(t, kafkaAt(t, cluster, without)); err == nil {
		t.Error("a client without a certificate is let in")
	}
	client, err := json.Marshal(settings(lockedKey, "wr0ng"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = kafkaSettings("127.0.0.1:1", string(client))
	if err == nil || err.Error() != "ssl.key.password does not open the key" {
		t.Errorf("with a wrong password: %v", err)
	}
}
