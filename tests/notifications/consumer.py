"""Prints the notifications of a broker as lines of JSON.

Arguments: transport_url, exchange, and "durable" when the queues are.
"""
import json
import sys

import oslo_messaging
from oslo_config import cfg


def show(priority):
    def method(self, ctxt, publisher_id, event_type, payload, metadata):
        print(json.dumps({'context': ctxt, 'publisher_id': publisher_id, 'event_type': event_type, 'payload': payload,
                          'metadata': metadata, 'priority': priority}), flush=True)
    return method


class Endpoint(object):
    info = show('INFO')
    error = show('ERROR')


def main(url, exchange, durable):
    conf = cfg.ConfigOpts()
    transport = oslo_messaging.get_notification_transport(conf, url=url)
    conf([])
    conf.set_override('amqp_durable_queues', durable, group='oslo_messaging_rabbit')
    conf.set_override('kombu_reconnect_delay', 0.2, group='oslo_messaging_rabbit')
    target = oslo_messaging.Target(topic='notifications', exchange=exchange)
    listener = oslo_messaging.get_notification_listener(transport, [target], [Endpoint()], executor='threading')
    conf.set_override('executor_thread_pool_size', 1)  # one after the other, in the order of the queue
    listener.start()
    print('listening', flush=True)
    listener.wait()


main(sys.argv[1], sys.argv[2], sys.argv[3:] == ['durable'])
