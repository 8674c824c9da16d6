package extension

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	saslplain "github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"github.com/youmark/pkcs8"
)

// Names of librdkafka's settings, with its meanings and defaults:
// https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
const (
	securityProtocol  = "security.protocol"
	saslMechanism     = "sasl.mechanism"
	saslMechanisms    = "sasl.mechanisms"
	saslUsername      = "sasl.username"
	saslPassword      = "sasl.password"
	caLocation        = "ssl.ca.location"
	certLocation      = "ssl.certificate.location"
	keyLocation       = "ssl.key.location"
	keyPassword       = "ssl.key.password"
	verifyCertificate = "enable.ssl.certificate.verification"
	identification    = "ssl.endpoint.identification.algorithm"
)

var knownSettings = []string{
	securityProtocol, saslMechanism, saslMechanisms, saslUsername, saslPassword, caLocation, certLocation, keyLocation,
	keyPassword, verifyCertificate, identification,
}

// kafkaSettings returns the options of a client. An error names a setting and never has its value.
func kafkaSettings(bootstrap, client string) ([]kgo.Opt, error) {
	seeds := addresses(bootstrap)
	if len(seeds) == 0 {
		return nil, errors.New("no bootstrap address")
	}
	given, err := parseClientSettings(client)
	if err != nil {
		return nil, err
	}
	options := []kgo.Opt{
		kgo.ClientID("k6"),
		kgo.SeedBrokers(seeds...),
		kgo.DialTimeout(connectTimeout),
		// The generator is no part of the system that a broker's operator observes.
		kgo.DisableClientMetrics(),
		// A broker that is back is asked at once; the defaults wait for seconds.
		kgo.RetryBackoffFn(func(int) time.Duration { return errorPause }),
		kgo.MetadataMinAge(errorPause),
		// Less than what a caller waits, so that it gets the reason.
		kgo.RetryTimeout(connectTimeout - time.Second),
	}
	protocol := strings.ToLower(given[securityProtocol])
	switch protocol {
	case "", "plaintext", "ssl", "sasl_plaintext", "sasl_ssl":
	default:
		return nil, fmt.Errorf("%s must be plaintext, ssl, sasl_plaintext, or sasl_ssl", securityProtocol)
	}
	if strings.HasSuffix(protocol, "ssl") {
		config, err := tlsConfig(given)
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	if strings.HasPrefix(protocol, "sasl_") {
		login, err := login(given)
		if err != nil {
			return nil, err
		}
		options = append(options, login)
	}
	return options, nil
}

// parseClientSettings returns the settings in a JSON object as text; empty: none.
func parseClientSettings(client string) (map[string]string, error) {
	given := map[string]string{}
	if client == "" {
		return given, nil
	}
	var values map[string]any
	if json.Unmarshal([]byte(client), &values) != nil {
		return nil, errors.New("the client settings are not a JSON object")
	}
	for name, value := range values {
		if !slices.Contains(knownSettings, name) {
			return nil, fmt.Errorf("the load generator does not know the client setting %s", name)
		}
		switch value.(type) {
		case string, bool:
			given[name] = text(value)
		default:
			return nil, fmt.Errorf("%s must be a string", name)
		}
	}
	return given, nil
}

func login(given map[string]string) (kgo.Opt, error) {
	mechanism := given[saslMechanisms]
	if mechanism == "" {
		mechanism = given[saslMechanism]
	}
	user, password := given[saslUsername], given[saslPassword]
	if user == "" || password == "" {
		return nil, fmt.Errorf("%s and %s are needed", saslUsername, saslPassword)
	}
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		return kgo.SASL(saslplain.Auth{User: user, Pass: password}.AsMechanism()), nil
	case "SCRAM-SHA-256":
		return kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()), nil
	case "SCRAM-SHA-512":
		return kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()), nil
	default:
		return nil, fmt.Errorf("%s must be PLAIN, SCRAM-SHA-256, or SCRAM-SHA-512", saslMechanism)
	}
}

func tlsConfig(given map[string]string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	// "probe" is librdkafka's name for the system's certificates, which are the default here too.
	if given[caLocation] != "" && given[caLocation] != "probe" {
		content, err := read(given, caLocation)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("%s: there is no PEM certificate in the file", caLocation)
		}
	}
	if given[certLocation] != "" || given[keyLocation] != "" {
		certificate, err := clientCertificate(given)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	verified, err := isTrue(given, verifyCertificate)
	if err != nil {
		return nil, err
	}
	switch algorithm := given[identification]; {
	case algorithm != "" && algorithm != "https" && algorithm != "none":
		return nil, fmt.Errorf("%s must be https or none", identification)
	case !verified:
		config.InsecureSkipVerify = true
	case algorithm == "none":
		// The chain is verified, and the name is not: https://pkg.go.dev/crypto/tls#example-Config-VerifyConnection
		config.InsecureSkipVerify = true
		config.VerifyConnection = func(connection tls.ConnectionState) error {
			intermediates := x509.NewCertPool()
			for _, certificate := range connection.PeerCertificates[1:] {
				intermediates.AddCert(certificate)
			}
			_, err := connection.PeerCertificates[0].Verify(
				x509.VerifyOptions{Roots: config.RootCAs, Intermediates: intermediates},
			)
			return err
		}
	}
	return config, nil
}

// isTrue parses a setting that is true by default.
func isTrue(given map[string]string, name string) (bool, error) {
	switch strings.ToLower(given[name]) {
	case "", "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, fmt.Errorf("%s must be true or false", name)
	}
}

func clientCertificate(given map[string]string) (tls.Certificate, error) {
	certificate, err := read(given, certLocation)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := read(given, keyLocation)
	if err != nil {
		return tls.Certificate{}, err
	}
	if given[keyPassword] != "" {
		if key, err = decrypted(key, given[keyPassword]); err != nil {
			return tls.Certificate{}, err
		}
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s and %s: %w", certLocation, keyLocation, err)
	}
	return pair, nil
}

// decrypted returns a PEM key without its password. A key that has none is returned as it is.
func decrypted(key []byte, password string) ([]byte, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, fmt.Errorf("%s: there is no PEM key in the file", keyLocation)
	}
	if _, legacy := block.Headers["DEK-Info"]; legacy {
		return nil, fmt.Errorf("%s: the key is not encrypted as PKCS #8; convert it with openssl pkcs8 -topk8", keyLocation)
	}
	if block.Type != "ENCRYPTED PRIVATE KEY" {
		return key, nil
	}
	opened, err := pkcs8.ParsePKCS8PrivateKey(block.Bytes, []byte(password))
	if err != nil {
		return nil, fmt.Errorf("%s does not open the key", keyPassword)
	}
	der, err := x509.MarshalPKCS8PrivateKey(opened)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyLocation, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// read returns the content of the file that a setting names.
func read(given map[string]string, name string) ([]byte, error) {
	if given[name] == "" {
		return nil, fmt.Errorf("%s is needed", name)
	}
	content, err := os.ReadFile(given[name])
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("%s: %w", name, failed.Err)
	}
	return content, err
}
