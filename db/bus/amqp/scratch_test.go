package amqp
import ("testing";"time";"math"
 amqp "github.com/rabbitmq/amqp091-go"
 "github.com/clinker-io/clinker/internal/rabbittest")
func TestScratch(t *testing.T) {
 for _, closeIt := range []bool{false,true} {
 s := rabbittest.Start(t)
 conn, err := amqp.DialConfig("amqp"+s.URL[6:], amqp.Config{Recovery:&amqp.Recovery{ReconnectionConfig:&amqp.ReconnectionConfig{MaxRetryCount:math.MaxInt32,RetryInterval:100*time.Millisecond}}})
 if err!=nil {t.Fatal(err)}
 st := make(chan *amqp.StateChanged, 50); conn.NotifyStateChange(st)
 c1,_ := conn.Channel(); _,_ = conn.Channel()
 s.Kill()
 x := <-st; t.Log(x)
 if closeIt { t.Log("close", c1.Close()) }
 s.Restart()
 select { case x := <-st: t.Log(closeIt, x); case <-time.After(20*time.Second): t.Log(closeIt, "NO RECOVERY in 20 s") }
 go conn.Close()
 }
}
