package extension

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAWrongClientSettingIsNamedWithoutItsValue(t *testing.T) {
	folder := t.TempDir()
	secret := filepath.Join(folder, "s3cret.pem")
	if err := os.WriteFile(secret, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(folder, "s3cret-missing.pem")
	tests := map[string]struct {
		settings map[string]any
		want     string
	}{
		"unknown":           {map[string]any{"sasl.pasword": "s3cret"}, "does not know the client setting sasl.pasword"},
		"a number":          {map[string]any{"sasl.password": 17}, "sasl.password must be a string"},
		"protocol":          {map[string]any{"security.protocol": "s3cret"}, "security.protocol must be plaintext, ssl, sasl_plaintext, or sasl_ssl"},
		"no password":       {map[string]any{"security.protocol": "SASL_PLAINTEXT", "sasl.username": "s3cret"}, "sasl.username and sasl.password are needed"},
		"mechanism":         {map[string]any{"security.protocol": "sasl_ssl", "sasl.mechanism": "s3cret", "sasl.username": "s3cret", "sasl.password": "s3cret"}, "sasl.mechanism must be PLAIN, SCRAM-SHA-256, or SCRAM-SHA-512"},
		"verification":      {map[string]any{"security.protocol": "ssl", "enable.ssl.certificate.verification": "s3cret"}, "enable.ssl.certificate.verification must be true or false"},
		"identification":    {map[string]any{"security.protocol": "ssl", "ssl.endpoint.identification.algorithm": "s3cret"}, "ssl.endpoint.identification.algorithm must be https or none"},
		"no CA":             {map[string]any{"security.protocol": "ssl", "ssl.ca.location": missing}, "ssl.ca.location: no such file or directory"},
		"no PEM":            {map[string]any{"security.protocol": "ssl", "ssl.ca.location": secret}, "ssl.ca.location: there is no PEM certificate in the file"},
		"no key":            {map[string]any{"security.protocol": "ssl", "ssl.certificate.location": secret}, "ssl.key.location is needed"},
		"no certificate":    {map[string]any{"security.protocol": "ssl", "ssl.key.location": secret}, "ssl.certificate.location is needed"},
		"key without PEM":   {map[string]any{"security.protocol": "ssl", "ssl.certificate.location": secret, "ssl.key.location": secret}, "ssl.certificate.location and ssl.key.location: "},
		"key to be decoded": {map[string]any{"security.protocol": "ssl", "ssl.certificate.location": secret, "ssl.key.location": secret, "ssl.key.password": "s3cret"}, "ssl.key.location: there is no PEM key in the file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, err := json.Marshal(test.settings)
			if err != nil {
				t.Fatal(err)
			}
			_, err = kafkaSettings("127.0.0.1:9092", string(client))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestBrokenClientSettingsAreNotPrinted(t *testing.T) {
	_, err := kafkaSettings("127.0.0.1:9092", `{"sasl.password": "s3cret"`)
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestBootstrapAddresses(t *testing.T) {
	if got := strings.Join(addresses(" a:1 ,b:2,"), "|"); got != "a:1|b:2" {
		t.Errorf("got %s", got)
	}
}
