<?php
// One client of Redis in PHP, driven into one kind of trouble; it logs as an application would.
[, $name, $host, $port, $password, $situation] = $argv;
ini_set('display_errors', '0');
ini_set('log_errors', '1');
ini_set('error_log', '');
$held = in_array($situation, ['hung', 'killed']);

function ready(): void
{
    echo "READY\n";
    fgets(STDIN);
}

/** As Monolog's LineFormatter writes it, which is what Laravel and Symfony have by default. */
function say(Throwable $error): void
{
    $class = get_class($error);
    $at = "{$error->getFile()}:{$error->getLine()}";
    $text = json_encode(['exception' => "[object] ($class(code: {$error->getCode()}): {$error->getMessage()} at $at)"], JSON_UNESCAPED_SLASHES);
    echo date('[Y-m-d H:i:s]'), " production.ERROR: {$error->getMessage()} $text\n";
}

function attempt(callable $work): void
{
    try {
        $work();
    } catch (Throwable $error) {
        say($error);
    }
}

if ($name === 'predis') {
    require 'Predis/autoload.php';
    $limits = ['scheme' => 'tcp', 'host' => $host, 'port' => (int) $port, 'timeout' => 0.3, 'read_write_timeout' => 0.3];
    $client = new Predis\Client($limits + ($password === '' ? [] : ['password' => $password]));
    if ($held) {
        $client->set('a', 1);
        ready();
    }
    attempt(fn () => $client->set('quote:1', 1));
    attempt(fn () => $client->publish('quotes', 1));
    exit;
}

$client = new Redis();
attempt(function () use ($client, $host, $port, $password, $held) {
    $client->connect($host, (int) $port, 0.3, null, 0, 0.3);
    if ($password !== '') {
        $client->auth($password);
    }
    if ($held) {
        $client->set('a', 1);
        ready();
    }
});
// phpredis tells an error of the server by its return value alone: applications ask for it.
foreach (['set' => ['quote:1', '1'], 'publish' => ['quotes', '1']] as $method => $arguments) {
    attempt(function () use ($client, $method, $arguments) {
        if ($client->$method(...$arguments) === false) {
            throw new RuntimeException("redis $method failed: {$client->getLastError()}");
        }
    });
}
if ($name === 'phpredis-uncaught') {
    $client = new Redis();
    $client->connect($host, (int) $port, 0.3, null, 0, 0.3);
    $client->set('quote:1', '1');
}
