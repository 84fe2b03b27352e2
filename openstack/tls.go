package openstack

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"
)

// TLS says whose certificates are good, and which one is ours.
type TLS struct {
	CAFile   string // certificates that sign the peer's; empty: those of the system
	CertFile string // ours, for a peer that asks who we are
	KeyFile  string // of CertFile; empty: it holds the key too
	Insecure bool   // the peer's certificate is not checked
}

// Client makes an HTTP client that waits no longer than limit for the head of an
// answer, 0 for as long as the context of a request allows. What follows the
// head may be an image.
func (t TLS) Client(limit time.Duration) (*http.Client, error) {
	config, err := t.config()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout, transport.TLSClientConfig = limit, config
	return &http.Client{Transport: passOn{transport}}, nil
}

func (t TLS) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.Insecure}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("file of certificates: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("file of certificates: %s holds no certificate", t.CAFile)
		}
	}
	if t.CertFile == "" {
		return c, nil
	}
	key := t.KeyFile
	if key == "" {
		key = t.CertFile
	}
	own, err := tls.LoadX509KeyPair(t.CertFile, key)
	if err != nil {
		return nil, fmt.Errorf("our own certificate %s with the key %s: %w", t.CertFile, key, err)
	}
	c.Certificates = []tls.Certificate{own}
	return c, nil
}

// forPlain leaves a file of certificates out that is not there: DevStack, as
// others, names one before there is any TLS.
func (t TLS) forPlain() TLS {
	if _, err := os.Stat(t.CAFile); errors.Is(err, fs.ErrNotExist) {
		t.CAFile = ""
	}
	return t
}
