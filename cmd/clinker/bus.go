package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"

	"github.com/clinker-io/clinker/db/bus/amqp"
	"github.com/clinker-io/clinker/internal/config"
)

// openBus connects to RabbitMQ, now or when it is there.
func openBus(cfg *config.Config, log *slog.Logger) (*amqp.Bus, error) {
	o, err := busOptions(cfg, cfg.Default.TransportURL, log)
	if err != nil {
		return nil, err
	}
	return amqp.Open(o)
}

// busOptions say how to reach the broker at url.
func busOptions(cfg *config.Config, url string, log *slog.Logger) (amqp.Options, error) {
	u, err := amqp.ParseURL(url)
	if err != nil {
		return amqp.Options{}, fmt.Errorf("option transport_url: %w", err)
	}
	o := amqp.Options{URL: u, Quorum: cfg.Rabbit.Quorum, Heartbeat: config.Seconds(cfg.Rabbit.Heartbeat),
		RetryMin: config.Seconds(cfg.Rabbit.RetryInterval), RetryMax: config.Seconds(cfg.Rabbit.IntervalMax), Log: log}
	if cfg.Rabbit.SSL {
		if o.TLS, err = tlsConfig(cfg.Rabbit.SSLCAFile); err != nil {
			return amqp.Options{}, err
		}
	}
	return o, nil
}

func tlsConfig(caFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("option ssl_ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("option ssl_ca_file = %q: holds no certificate", caFile)
	}
	return c, nil
}
