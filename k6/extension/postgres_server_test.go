package extension

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// binVariable names the folder of initdb and postgres. tests/integration/test_go_module.py sets it; without it, the
// tests that need a server are skipped.
const binVariable = "CDC_TEST_POSTGRES_BIN"

const (
	testUser     = "tester"
	testPassword = "s3cret"
)

// postgresServer is a server of its own for a test, on 127.0.0.1, whose connections need a password.
type postgresServer struct {
	port int
	dsn  string
}

func startPostgres(t *testing.T) *postgresServer {
	t.Helper()
	bin := os.Getenv(binVariable)
	if bin == "" {
		t.Skipf("%s is not set", binVariable)
	}
	home, err := os.MkdirTemp("", "cdc-perf-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	s := &postgresServer{port: freePort(t)}
	s.dsn = fmt.Sprintf("postgresql://%s:%s@127.0.0.1:%d/postgres", testUser, testPassword, s.port)
	data := filepath.Join(home, "data")
	secret := filepath.Join(home, "password")
	put(t, secret, []byte(testPassword))
	as := unprivileged(t, home)
	create := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", testUser, "--pwfile", secret,
		"--auth", "scram-sha-256", "--no-sync", "--no-instructions", "--locale", "C", "--encoding", "UTF8")
	create.SysProcAttr = as
	create.Dir = home
	if output, err := create.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, output)
	}
	var log strings.Builder
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")
	server.SysProcAttr, server.Dir, server.Stderr = as, home, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A fast shutdown: https://www.postgresql.org/docs/current/server-shutdown.html
		_ = server.Process.Signal(syscall.SIGINT)
		_ = server.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	deadline := time.Now().Add(30 * time.Second)
	for {
		connection, err := pgx.Connect(t.Context(), s.dsn)
		if err == nil {
			_ = connection.Close(t.Context())
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("PostgreSQL does not answer: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// put writes a file that only its owner can read.
func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// unprivileged returns what lets a program run as nobody, who then owns the folder; PostgreSQL refuses root. Another
// user runs it as it is.
func unprivileged(t *testing.T, home string) *syscall.SysProcAttr {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := osuser.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, uidErr := strconv.Atoi(nobody.Uid)
	gid, gidErr := strconv.Atoi(nobody.Gid)
	if uidErr != nil || gidErr != nil {
		t.Fatal(nobody)
	}
	if err := filepath.Walk(home, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	}); err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// withTLS listens at a port of its own for connections that ask for TLS, and passes what is in them on to the server:
// the embedded PostgreSQL is built without TLS.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
func (s *postgresServer) withTLS(t *testing.T, config *tls.Config) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go s.passOn(client, config)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func (s *postgresServer) passOn(client net.Conn, config *tls.Config) {
	defer client.Close()
	// The length, 8, and the code 80877103.
	request := make([]byte, 8)
	if _, err := io.ReadFull(client, request); err != nil || binary.BigEndian.Uint32(request[4:]) != 80877103 {
		return
	}
	if _, err := client.Write([]byte("S")); err != nil {
		return
	}
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)))
	if err != nil {
		return
	}
	defer server.Close()
	encrypted := tls.Server(client, config)
	go func() {
		_, _ = io.Copy(server, encrypted)
		_ = server.Close()
	}()
	_, _ = io.Copy(encrypted, server)
}

func (s *postgresServer) run(t *testing.T, statements ...string) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.Background()) }()
	for _, statement := range statements {
		if _, err := connection.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
