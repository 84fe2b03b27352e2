package amqp

import (
	"fmt"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/clinker-io/clinker/internal/rabbittest"
)

// Queues keep what is told before there is a consumer, whoever declared them
// and how; after the loss of the broker the notifier finds back to it.
func TestNotifierUsesWhatExistsAndComesBack(t *testing.T) {
	t.Parallel()
	s := rabbittest.Start(t)
	publish := func(n *Notifier, text string) {
		t.Helper()
		if got, err := n.Publish(t.Context(), []Outgoing{{"notifications.info", []byte(text)}, {"notifications.error", []byte(text)}}); err != nil || got != 2 {
			t.Fatalf("%s: %d are taken, %v", text, got, err)
		}
	}
	durable := NewNotifier(t.Context(), NotifierOptions{Options: options(t, s.URL), Exchange: "cinder", Durable: true})
	defer durable.Close()
	publish(durable, "first")
	other := NewNotifier(t.Context(), NotifierOptions{Options: options(t, s.URL), Exchange: "cinder"})
	defer other.Close()
	publish(other, "second")

	s.Kill()
	if n, err := durable.Publish(t.Context(), []Outgoing{{"notifications.info", []byte("lost")}}); err == nil || n != 0 {
		t.Errorf("a broker that is gone took %d, %v", n, err)
	}
	s.Restart()
	publish(durable, "third")

	conn, err := amqp.Dial("amqp" + strings.TrimPrefix(s.URL, "rabbit"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	for _, queue := range []string{"notifications.info", "notifications.error"} {
		var got []string
		for {
			d, ok, err := ch.Get(queue, true)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			got = append(got, string(d.Body))
		}
		if fmt.Sprint(got) != "[first second third]" {
			t.Errorf("%s holds %v", queue, got)
		}
	}
}
