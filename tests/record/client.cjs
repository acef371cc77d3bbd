// One client of Redis in Node, driven into one kind of trouble; it logs as an application would.
const [folder, name, form, host, portText, password, situation] = process.argv.slice(2);
const load = require("module").createRequire(folder + "/x.js");
const port = Number(portText);
const later = (time) => new Promise((done) => setTimeout(done, time));
const ready = () => new Promise((done) => { console.log("READY"); process.stdin.once("data", () => { process.stdin.unref(); done(); }); });

let say = (error) => console.error("could not store the quote", error);
if (form === "pino") {
  const log = load("pino")({ name: "app" });
  say = (error) => log.error({ err: error }, "could not store the quote");
} else if (form === "winston") {
  const { createLogger, format, transports } = load("winston");
  const log = createLogger({ format: format.combine(format.timestamp(), format.simple()), transports: [new transports.Console()] });
  say = (error) => log.error(`could not store the quote: ${error.message}`);
}
const within = (time, promise) => Promise.race([promise, later(time)]);
const attempt = async (work) => { try { await within(4000, work()); } catch (error) { say(error); } };

async function ioredis() {
  const Redis = load("ioredis");
  const client = new Redis({ host, port, password: password || undefined, maxRetriesPerRequest: 1, connectTimeout: 300, commandTimeout: situation === "hung" ? 300 : undefined });
  // Without a listener ioredis writes "[ioredis] Unhandled error event" itself.
  if (form !== "silent") client.on("error", say);
  if (["hung", "killed"].includes(situation)) { await client.set("a", 1); await ready(); }
  await attempt(() => client.set("quote:1", "1"));
  await attempt(() => client.publish("quotes", "1"));
  await later(300);
}

async function noderedis(version) {
  const { createClient } = load(version);
  const client = createClient({ socket: { host, port, connectTimeout: 300, socketTimeout: version === "redis5" ? 500 : undefined, reconnectStrategy: (times) => (times > 1 ? new Error("gave up") : 50) }, password: password || undefined });
  client.on("error", say);
  await attempt(() => client.connect());
  if (["hung", "killed"].includes(situation)) { await client.set("a", "1"); await ready(); }
  await attempt(() => client.set("quote:1", "1"));
  await attempt(() => client.publish("quotes", "1"));
  await later(300);
}

async function bullmq() {
  const { Queue, Worker } = load("bullmq");
  const connection = { host, port, password: password || undefined, connectTimeout: 300, maxRetriesPerRequest: form === "worker" ? null : 1 };
  if (form === "worker") {
    const worker = new Worker("quotes", async () => {}, { connection });
    worker.on("error", (error) => console.error(error));
    if (["hung", "killed"].includes(situation)) { await worker.waitUntilReady(); await ready(); }
    await later(1500);
    return;
  }
  const queue = new Queue("quotes", { connection });
  queue.on("error", (error) => say(error));
  if (["hung", "killed"].includes(situation)) { await queue.add("a", {}); await ready(); }
  await attempt(() => queue.add("quote", { a: 1 }));
}

const kinds = { ioredis, "node-redis-4": () => noderedis("redis"), "node-redis-5": () => noderedis("redis5"), bullmq };
kinds[name]().catch(say).finally(() => setTimeout(() => process.exit(0), 100));
