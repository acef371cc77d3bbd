// One client of Redis in Java, driven into one kind of trouble; it logs as an application would.
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

public class Client {
    static final Logger log = LoggerFactory.getLogger("app");
    static String host, password, situation;
    static int port;

    interface Work { void run() throws Exception; }

    static void attempt(Work work) {
        try { work.run(); } catch (Throwable error) { log.error("could not store the quote", error); }
    }

    static void ready() throws Exception { System.out.println("READY"); System.in.read(); }

    static boolean held() { return situation.equals("hung") || situation.equals("killed"); }

    static void jedis() throws Exception {
        var limits = redis.clients.jedis.DefaultJedisClientConfig.builder().connectionTimeoutMillis(300).socketTimeoutMillis(300);
        if (!password.isEmpty()) limits.password(password);
        var pooled = new org.apache.commons.pool2.impl.GenericObjectPoolConfig<redis.clients.jedis.Connection>();
        if (situation.equals("pool")) { pooled.setMaxTotal(1); pooled.setMaxWait(Duration.ofMillis(200)); }
        var client = new redis.clients.jedis.JedisPooled(pooled, new redis.clients.jedis.HostAndPort(host, port), limits.build());
        if (held()) { client.set("a", "1"); ready(); }
        if (situation.equals("pool")) client.getPool().getResource();
        attempt(() -> client.set("quote:1", "1"));
        attempt(() -> client.publish("quotes", "1"));
    }

    static void lettuce() throws Exception {
        var uri = io.lettuce.core.RedisURI.builder().withHost(host).withPort(port).withTimeout(Duration.ofMillis(300));
        if (!password.isEmpty()) uri.withPassword(password.toCharArray());
        var client = io.lettuce.core.RedisClient.create(uri.build());
        client.setOptions(io.lettuce.core.ClientOptions.builder().socketOptions(io.lettuce.core.SocketOptions.builder().connectTimeout(Duration.ofMillis(300)).build()).build());
        attempt(() -> {
            var connection = client.connect();
            if (held()) { connection.sync().set("a", "1"); ready(); }
            attempt(() -> connection.sync().set("quote:1", "1"));
            attempt(() -> connection.sync().publish("quotes", "1"));
        });
    }

    static void redisson() throws Exception {
        var config = new org.redisson.config.Config();
        config.useSingleServer().setAddress("redis://" + host + ":" + port).setPassword(password.isEmpty() ? null : password)
            .setTimeout(300).setConnectTimeout(300).setRetryAttempts(1).setRetryInterval(100).setConnectionMinimumIdleSize(1).setConnectionPoolSize(1);
        attempt(() -> {
            var client = org.redisson.Redisson.create(config);
            if (held()) { client.getBucket("a").set("1"); ready(); }
            attempt(() -> client.getBucket("quote:1").set("1"));
            attempt(() -> client.getTopic("quotes").publish("1"));
        });
    }

    public static void main(String[] arguments) throws Exception {
        ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger("ROOT")).setLevel(ch.qos.logback.classic.Level.INFO);
        host = arguments[1]; port = Integer.parseInt(arguments[2]); password = arguments[3]; situation = arguments[4];
        switch (arguments[0]) { case "Jedis" -> jedis(); case "Lettuce" -> lettuce(); default -> redisson(); }
        System.exit(0);
    }
}
