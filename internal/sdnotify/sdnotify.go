// Package sdnotify tells systemd that a service is ready, as sd_notify(3) does.
package sdnotify

import (
	"net"
	"os"
)

// Ready says that the service does its work. Without systemd it does nothing.
func Ready() error { return send("READY=1") }

// Stopping says that the service ends.
func Stopping() error { return send("STOPPING=1") }

func send(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}
