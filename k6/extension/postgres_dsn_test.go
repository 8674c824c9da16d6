package extension

import (
	"strings"
	"testing"
)

func TestAWrongDSNIsNotPrinted(t *testing.T) {
	tests := map[string]struct{ dsn, want string }{
		"a port":              {"postgresql://cdc:s3cret@127.0.0.1:port/cdc", "cannot parse the connection string: invalid port"},
		"a slash in between":  {"postgresql://cdc:s3/cret@127.0.0.1:port/cdc", "cannot parse the connection string: "},
		"a colon in between":  {"postgresql://cdc:s3:s3cret@h:port", "cannot parse the connection string: "},
		"a mode":              {"host=h password=s3cret sslmode=s3cret", "cannot parse the connection string: failed to configure TLS (sslmode is invalid)"},
		"a quote":             {"host=h password='s3cret", "cannot parse the connection string: "},
		"a missing CA":        {"host=h password=s3cret sslmode=verify-full sslrootcert=/nowhere/ca.pem", "unable to read CA file"},
		"a list of revoked":   {"host=h password=s3cret sslcrl=/a/crl.pem", "the load generator does not support the connection parameter sslcrl"},
		"a server's own user": {"host=h password=s3cret requirepeer=postgres", "the connection parameter requirepeer"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parsePostgresDSN(test.dsn)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
