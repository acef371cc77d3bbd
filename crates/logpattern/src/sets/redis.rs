//! `redis`: errors and timeouts of Redis as services, the clients of many languages and Redis itself log them.

use super::Known;

pub(super) const PATTERNS: &[Known] = &[
    Known::new(
        "redis_error",
        r"(?i-u)redis.*(?:error|exception)|(?:error|exception).*redis",
        "An event above level INFO that names Redis and an error.",
    )
    .coarse(),
    Known::new(
        "redis_publish_failed",
        "(?i-u)redis publish failed|failed to publish (?:.{0,200} )?to redis",
        "A message could not be published to Redis; its cause is counted beside it.",
    )
    .of_redis(
        r"(?i-u)(?:fail(?:ed|ure)?|could ?n[o']t|cannot|can't|unable|errors?)(?: to| while| when| in| on| during)? (?:re)?publish(?:ing)?\b|\bpublish(?:ing)? (?:to \S+ )?(?:has )?(?:failed|errors?\b|failure)",
    )
    .trouble(),
    Known::new(
        "redis_publish_timeout",
        "(?i-u)redis publish tim(?:eout|ed out)",
        "Redis did not take a message in time.",
    )
    .trouble(),
    Known::new(
        "redis_connection_failed",
        r"(?i-u)redis connection failed|(?:could not|cannot|can't|unable to|failed to) connect to redis|error (?:-?[0-9]+ )?(?:while )?connecting to (?:redis|[\w.-]+:[0-9]+\.|unix)|max retries per request limit|stream isn't writeable and enableofflinequeue|could ?not (?:get|borrow) (?:a )?(?:jedis|redis)? ?connection|RedisConnectionFailureException|It was not possible to connect to the redis server|No connection (?:is|\(active\) )?\(?(?:active/)?available to service this operation|can't init enough connections|unable to init enough connections|redis(?:::|\.)CannotConnectError|error connecting to redis on|error condition on socket for sync|connection to redis lost",
        "A service could not connect to Redis; where it says that it continues without, it runs degraded.",
    )
    .of_redis(r"(?i-u)connection is closed|the client is (?:closed|offline)|reconnectstrategyerror|SocketFailure|UnableToConnect")
    .cause(7),
    Known::new(
        "connection_failed",
        r"(?i-u)\bECONNREFUSED\b|connection refused|actively refused|connect call failed|\bENOTFOUND\b|\bEAI_AGAIN\b|\bEHOSTUNREACH\b|\bENETUNREACH\b|no such host|name or service not known|temporary failure in name resolution|name does not resolve|nodename nor servname|no address associated with hostname|php_network_getaddresses|failed to lookup address|unknownhostexception|unresolvedaddressexception|failed to resolve|no route to host|network is unreachable|host is unreachable|server misbehaving|dial (?:tcp|unix) \S+ (?:connect: )?(?:operation was canceled|no such file)|(?:could not|cannot|can't|unable to|failed to|fail to) (?:re)?connect (?:to\b|\[)|failed connecting|connection to \S+ failed",
        "A connection could not be made, and nothing in the event tells to what; one to Redis is redis_connection_failed.",
    )
    .cause(8),
    Known::new(
        "redis_connected",
        r"(?i-u)\bredis (?:re-?)?connected\b|\breconnected to redis\b",
        "A service has its connection to Redis (again): the end of redis_connection_failed.",
    ),
    Known::new(
        "connection_timeout",
        r#"(?i-u)connection (?:has |was )?timed out|connection timeout(?:$|[^\w=:"'-]|["'](?:$|[^:=])|:\s+[^\d\s"'{\[(-])|timeout connecting|connect(?:ing)? timed out|\bconnect ETIMEDOUT|dial tcp \S* ?i/o timeout|dial tcp: lookup \S+: i/o timeout|connect: (?:connection|operation) timed out|connecttimeout(?:exception)?\b|connectiontimeouterror|redisconnectionexception: java\.util\.concurrent\.timeoutexception|connectionattempttimeout|connection initialization timed out|error (?:110|60) connecting|timed? ?out (?:while )?(?:connecting|trying to connect|opening)|connection attempt timed out|timeout occurred while creating a new object|error connecting to redis on \S+ \(redis::timeouterror"#,
        "A connection could not be made, or was given up, for want of an answer in time.",
    )
    .excluding(r"(?i-u)connection timed out \(redis::timeouterror|redis::timeouterror: connection timed out")
    .cause(5),
    Known::new(
        "operation_timeout",
        r"(?i-u)operation timed out|timeout (?:reading|writing)|(?:command|read|write|socket|response|reply) timed out|i/o timeout|context deadline exceeded|server response timeout|socket timeout[. ]|timeout (?:performing|awaiting)|command timeout|(?:read|write) ETIMEDOUT|timed out (?:reading|writing|waiting for (?:a )?(?:reply|response))|read error on connection|redis::timeouterror|redistimeoutexception|redisresponsetimeoutexception|commandtimeoutexception|readtimeouterror|waited [0-9.]+ seconds|error while reading (?:line|bytes) from the server.*timed|errors\.timeouterror: timed? ?out|(?:redis|socket)[\w.]*\.timeout(?:error)?: timed out|resource temporarily unavailable|rueidis.*timeout",
        "An operation had no answer in time: Redis is overloaded, or the network is bad.",
    )
    .of_redis(r"(?i-u)\btimed out\b|TimeoutError:? *$")
    .cause(6),
    Known::new(
        "timeout",
        r#"(?i-u)timed[ -]?out|timeouts?(?:error|exception|$|[^\w=:"'-]|["'](?:$|[^:=])|:\s+[^\d\s"'{\[(-])"#,
        "An event above level INFO that speaks of a timeout, and not of a setting of that name.",
    )
    .coarse(),
    Known::new(
        "readonly_or_failover",
        r"(?i-u)\bREADONLY (?:you|error)|can(?:'|no)?t write against a read[ -]?only|read[ -]?only (?:replica|slave)|readonly(?:error|exception)\b|\bMASTERDOWN\b|link with (?:master|primary) is down|redis is loading the dataset|\bLOADING (?:redis|valkey|server)|busyloading|\bCLUSTERDOWN\b|clusterdown(?:error|exception)|hash slot not served|\bUNBLOCKED (?:force|the key)|-FAILOVER\b|\bNOREPLICAS\b|not enough good replicas|no (?:master|primary) found for|all sentinels (?:are |specified in configuration are )?(?:unreachable|down)|(?:master|slave|primary)notfounderror|too many cluster re(?:directions|directs)|failed to refresh slots cache|clusterallfailederror|no more cluster attempts left|(?:can't|cannot) determine (?:the )?(?:master|primary|partition)|cluster_?redirections? (?:exceeded|limit)|\+switch-master|\+try-failover|-failover-abort|\+failover-end-for|election won: i'm|cluster state changed: fail|cluster is currently down|\+[so]down (?:master|primary)|no reachable node in cluster|redis cluster cannot be connected",
        "Redis takes no writes or no commands for now: a replica, a failover, a cluster that is down, a data set that is being loaded.",
    )
    .cause(3),
    Known::new(
        "auth_failed",
        r"(?-u)\bWRONGPASS\b|\bNOAUTH\b|\bNOPERM\b|(?i-u:invalid username-password pair|(?:hello|auth) must be called with the client already authenticated|without any password configured|client sent auth, but no password|err invalid password|has no permissions to (?:run|access)|redisauthenticationexception|authenticationwrongnumberofargserror|password authentication failed ?- ?authenticationfailed)",
        "Redis refused a password, a user or a command that the user may not run.",
    )
    .of_redis(r"(?i-u)\bauthentication (?:is )?(?:required|failed|failure)|authentication(?:error|exception)|invalid password|\bauth(?:entication)? (?:command )?failed|no permissions?\b|nopermission(?:error|exception)")
    .cause(1),
    Known::new(
        "redis_out_of_memory",
        "(?i-u)OOM command not allowed|command not allowed when used memory|used memory > 'maxmemory'|command not allowed under OOM prevention|redisoutofmemoryexception|RedisError: OOM|scripts? .*not allowed when used memory",
        "Redis refused a write because maxmemory is reached and nothing may be evicted.",
    )
    .cause(2),
    Known::new(
        "message_dropped",
        r"(?i-u)message is dropped|channel is full for|(?:dropp(?:ed|ing)|discard(?:ed|ing)|lost|losing) (?:(?:the|a|an|[0-9]+|some|all|old|oldest|new|pending|unsent|queued|redis|pub/?sub) ){0,3}messages?\b|messages? (?:(?:was|were|has been|have been|is|are|got|will be) )?(?:dropped|discarded|lost)\b|(?:buffer|queue|channel|backlog)(?: is)? full[,;:-]? (?:\w+ )?(?:dropp|discard)|received and deleted unknown message",
        "A message was lost between Redis and who should have had it.",
    )
    .excluding(r"(?i-u)\b(?:0|no) (?:\w+ )?messages?\b|messages? (?:dropped|lost|discarded)[:=] *0\b|\b(?:dropped|lost|discarded) 0\b")
    .trouble(),
    Known::new(
        "output_buffer_limit",
        r"(?i-u)(?:closed|to be closed ASAP) for overcoming of output buffer limits",
        "Redis closed a client that did not read its replies or messages fast enough.",
    ),
    Known::new(
        "channels_over_capacity",
        r"(?i-u)\b(?<value>[0-9]+) of [0-9]+ channels over capacity in group",
        "channels_redis did not deliver a group's message to some of its channels; the number of those channels.",
    )
    .capturing(super::Capture::Value),
    Known::new(
        "redis_server_warning",
        r#"(?x-u)^\[?[0-9]+(?::[0-9]+)?(?:\]|:[A-Z])\ [0-9]{2}\ [A-Z][a-z]{2}\ (?:[0-9]{4}\ )?[0-9:.]+\ (?:\#\ |\*\ (?:Asynchronous\ AOF\ fsync|WARNING|FAIL|Marking\ node|MASTER\ timeout|Connection\ with\ (?:master|primary)\ lost|Slow\ log))|^pid=[0-9]+\ role=\S+\ timestamp=.*\ (?:level=warning\ |message="(?:Asynchronous\ AOF\ fsync|.*Memory\ overcommit|FAIL\ message|Marking\ node|Connection\ with\ (?:master|primary)\ lost))|^===\ (?:REDIS|VALKEY|KEYDB)\ BUG\ REPORT\ START"#,
        "A warning in the log of Redis, Valkey, KeyDB or Sentinel (level #), a crash, or its word of a slow disk, a lost primary \
         or a failing node; greetings and the steps of a failover left out.",
    )
    .excluding(
        "(?-u)oO0OoO0|(?:[Rr]edis|Valkey|KeyDB) version|onfiguration loaded|no config file|onfig file|Server (?:initialized|started)|User requested|ready to exit|bye bye|[Ss]econdary replication ID|(?:Master|Primary) replication ID changed|scheduling shutdown|Sentinel (?:ID|runid|new config)|[+](?:monitor|sentinel|slave|replica|fix-slave|new-epoch|vote-for-leader|elected-leader|failover-state-|failover-end |selected-slave|promoted-slave|config-update-from|convert-to-)|-(?:[so]down|tilt|dup)| voted for |Next failover delay|Executing user requested FAILOVER|CONFIG REWRITE executed|Cluster state changed: ok|configEpoch set|IP address for this node|[Ff]ailover auth granted|Start of election|Starting a failover election|Done loading RDB|AOF write error looks solved|Missing implement of connection type|Received SIG|Ready to accept|Diskless rdb transfer|Synchronization with (?:replica|slave) .* succeeded",
    ),
];
