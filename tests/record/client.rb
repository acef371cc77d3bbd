# One client of Redis in Ruby, driven into one kind of trouble; it logs as an application would.
require "logger"

NAME, HOST, PORT, PASSWORD, SITUATION = ARGV
HELD = %w[hung killed].include?(SITUATION)
LIMITS = { host: HOST, port: PORT.to_i, timeout: 0.3, reconnect_attempts: 0 }
LIMITS[:password] = PASSWORD unless PASSWORD.empty?
$stdout.sync = true
LOG = Logger.new($stdout)

def ready
  puts "READY"
  $stdin.gets
end

# As Rails and most applications log it: an event, and the exception with its stack.
def attempt
  yield
rescue StandardError => e
  LOG.error("could not store the quote: #{e.message}")
  LOG.error(e)
end

def redis_rb
  require "redis"
  client = Redis.new(**LIMITS)
  if HELD
    client.set("a", 1)
    ready
  end
  attempt { client.set("quote:1", 1) }
  attempt { client.publish("quotes", 1) }
end

def pooled
  require "redis"
  require "connection_pool"
  pool = ConnectionPool.new(size: 1, timeout: 0.2) { Redis.new(**LIMITS) }
  Thread.new { pool.with { sleep } }
  sleep 0.05
  attempt { pool.with { |client| client.set("quote:1", 1) } }
end

class Quote
end

def sidekiq_client
  require "sidekiq"
  Quote.include(Sidekiq::Worker)
  Sidekiq.configure_client { |config| config.redis = LIMITS.merge(size: 1) }
  if HELD
    Sidekiq.redis(&:ping)
    ready
  end
  Sidekiq.redis { |_| Thread.new { attempt { Quote.perform_async(1) } }.join } if SITUATION == "pool"
  attempt { Quote.perform_async(1) }
end

# The worker itself, with what it logs when it fetches jobs and beats.
def sidekiq_worker
  require "sidekiq/cli"
  File.write("/tmp/sidekiq_app.rb", "Sidekiq.configure_server { |c| c.redis = #{LIMITS.inspect}.merge(size: 8); c.on(:startup) { Thread.new { sleep 0.3; puts 'READY' } } }\n")
  cli = Sidekiq::CLI.instance
  cli.parse(["-r", "/tmp/sidekiq_app.rb", "-c", "1"])
  cli.run
end

{ "redis-rb" => method(:redis_rb), "redis-rb-pool" => method(:pooled), "sidekiq-client" => method(:sidekiq_client), "sidekiq" => method(:sidekiq_worker) }.fetch(NAME).call
