package extension

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgx honors libpq's parameters and environment variables (PGPASSFILE, PGSSLMODE, ...), among them sslmode,
// sslrootcert (also `system`), sslcert, sslkey, sslpassword, passfile, service, channel_binding, and require_auth. It
// sends a parameter that it does not know to the server, which refuses it.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
var (
	// droppedParameters tune a connection: the DSN means the same server without them.
	droppedParameters = []string{
		"gssencmode", "sslcompression", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "fallback_application_name",
	}
	// refusedParameters would be a silent loss of what they protect or select.
	refusedParameters = []string{
		"hostaddr", "requirepeer", "sslcrl", "sslcrldir", "ssl_min_protocol_version", "ssl_max_protocol_version",
		"load_balance_hosts",
	}
)

// parsePostgresDSN parses a libpq connection string or URI. Its errors do not contain the string, which can hold a
// password.
func parsePostgresDSN(dsn string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("cannot parse the connection string: " + withoutConnectionString(err))
	}
	parameters := config.ConnConfig.RuntimeParams
	for _, name := range droppedParameters {
		delete(parameters, name)
	}
	for _, name := range refusedParameters {
		if _, ok := parameters[name]; ok {
			return nil, fmt.Errorf("the load generator does not support the connection parameter %s", name)
		}
	}
	return config, nil
}

// withoutConnectionString returns the part of pgx's message that follows the connection string. pgx masks passwords
// in that string, but cannot find all of them in one that is malformed.
func withoutConnectionString(err error) string {
	var unparsed *pgconn.ParseConfigError
	if !errors.As(err, &unparsed) {
		return "a parameter of the pool is wrong"
	}
	text := unparsed.Error()
	return text[strings.LastIndex(text, "`: ")+len("`: "):]
}
