"""A consumer that acknowledges nothing, of the queue jobs: address, virtual host and prefetch are the arguments."""

import sys

import amqp

connection = amqp.Connection(sys.argv[1], userid="guest", password="guest", virtual_host=sys.argv[2])
connection.connect()
channel = connection.channel()
channel.basic_qos(0, int(sys.argv[3]), False)
channel.basic_consume("jobs", callback=lambda message: None)
while True:
    connection.drain_events()
