package extension

import (
	"strings"
	"testing"
)

func TestAWrongURIIsNotPrinted(t *testing.T) {
	tests := map[string]string{
		"mongodb://cdc:s3%cret@127.0.0.1":                   "mongodb: error parsing uri: invalid password: invalid URL escape",
		"mongodb://cdc:s3/cret@127.0.0.1":                   "mongodb: error parsing uri: unescaped slash in password",
		"mongodb://cdc:s3:cret@127.0.0.1":                   "mongodb: error parsing uri: unescaped colon in password",
		"mongodb://cdc:s3cret@127.0.0.1:port":               "port must be an integer",
		"mongodb://cdc:s3cret@127.0.0.1/?tls=1":             `invalid value for "tls"`,
		"mongodb://cdc:s3cret@127.0.0.1/?tlsCAFile=/no/ca":  "mongodb: open /no/ca: no such file or directory",
		"mongodb://cdc:s3cret@127.0.0.1/?authMechanism=s3c": "mongodb: error parsing uri: invalid auth mechanism",
	}
	for uri, want := range tests {
		_, err := newMongodbSink(sinkOptions{MongodbURI: uri, MongodbDatabase: "cdc"}, testInterval)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3") ||
			strings.Contains(err.Error(), "%cr") {
			t.Errorf("%s: got %v, want %q", uri, err, want)
		}
	}
}
