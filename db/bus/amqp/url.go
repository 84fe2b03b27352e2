package amqp

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
)

const (
	defaultPort     = "5672"
	defaultTLSPort  = "5671"
	defaultUser     = "guest"
	maxTransportURL = 4096
	maxHosts        = 64
)

// URL is a transport_url as oslo.messaging writes it:
// rabbit://user:password@host:port,user:password@host:port/vhost. It prints
// without its passwords.
type URL struct {
	tls     bool
	vhost   string
	brokers []broker
}

type broker struct {
	user, password string
	addr           string // host:port
}

// ParseURL reads the value of the option transport_url. Its errors name the
// part that is wrong and never quote the value, which holds a password.
func ParseURL(s string) (URL, error) {
	u, err := parseURL(s)
	if err != nil {
		return URL{}, fmt.Errorf("option transport_url: %w", err)
	}
	return u, nil
}

func parseURL(s string) (URL, error) {
	if len(s) > maxTransportURL {
		return URL{}, fmt.Errorf("longer than %d bytes", maxTransportURL)
	}
	scheme, rest, ok := strings.Cut(s, "://")
	u := URL{tls: scheme == "amqps"}
	if !ok || !u.tls && scheme != "rabbit" && scheme != "amqp" {
		return URL{}, errors.New("must begin with rabbit://, amqp:// or amqps://")
	}
	rest, _, _ = strings.Cut(rest, "?") // driver options of oslo.messaging have their own section
	hosts, vhost, _ := strings.Cut(rest, "/")
	var err error
	if u.vhost, err = url.PathUnescape(vhost); err != nil {
		return URL{}, errors.New("bad percent-encoding in the virtual host")
	}
	if u.vhost == "" {
		u.vhost = "/"
	}
	list := strings.Split(hosts, ",")
	if len(list) > maxHosts {
		return URL{}, fmt.Errorf("more than %d hosts", maxHosts)
	}
	for i, h := range list {
		b, err := parseBroker(h, u.tls)
		if err != nil {
			return URL{}, fmt.Errorf("host %d: %w", i+1, err)
		}
		u.brokers = append(u.brokers, b)
	}
	return u, nil
}

func parseBroker(s string, tls bool) (broker, error) {
	b, host := broker{user: defaultUser, password: defaultUser}, s
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		user, password, _ := strings.Cut(s[:at], ":")
		var uerr, perr error
		b.user, uerr = url.PathUnescape(user)
		b.password, perr = url.PathUnescape(password)
		if uerr != nil || perr != nil {
			return broker{}, errors.New("bad percent-encoding in the user or the password")
		}
		host = s[at+1:]
	}
	port := defaultPort
	if tls {
		port = defaultTLSPort
	}
	host, port, err := splitPort(host, port)
	if err != nil {
		return broker{}, err
	}
	b.addr = net.JoinHostPort(host, port)
	return b, nil
}

// splitPort takes host, host:port, [ipv6] and [ipv6]:port; no host is localhost.
func splitPort(s, port string) (string, string, error) {
	host, after := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || end+1 < len(s) && s[end+1] != ':' {
			return "", "", errors.New("an IPv6 address is written [address] or [address]:port")
		}
		host, after = s[1:end], strings.TrimPrefix(s[end+1:], ":")
	} else {
		host, after, _ = strings.Cut(s, ":")
	}
	if strings.ContainsAny(host, "[] \t\r\n") {
		return "", "", errors.New("the host is neither a name nor an address")
	}
	if host == "" {
		host = "localhost"
	}
	if after == "" {
		return host, port, nil
	}
	if n, err := strconv.ParseUint(after, 10, 16); err != nil || n == 0 {
		return "", "", errors.New("the port is not a number from 1 to 65535")
	}
	return host, after, nil
}

// String is what logs may show: the hosts and the virtual host.
func (u URL) String() string {
	addrs := make([]string, len(u.brokers))
	for i, b := range u.brokers {
		addrs[i] = b.addr
	}
	return "rabbit://" + strings.Join(addrs, ",") + "/" + url.PathEscape(u.vhost)
}

// GoString keeps %#v from printing the passwords.
func (u URL) GoString() string { return u.String() }

// LogValue implements slog.LogValuer.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }
