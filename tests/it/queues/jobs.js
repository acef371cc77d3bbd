// Jobs of BullMQ, on the server whose port is in the first argument; the second says what is done: put puts them and ends,
// worker works until it is ended.
"use strict";

const { Queue, Worker } = require("bullmq");

const connection = { host: "127.0.0.1", port: Number(process.argv[2]), db: 4 };

async function put(timestamp) {
    const mail = new Queue("mail", { connection });
    // It waits for an hour.
    await mail.add("first", {}, { timestamp: Number(timestamp) });
    await mail.addBulk([1, 2, 3].map(() => ({ name: "next", data: {} })));
    await mail.addBulk([1, 2].map((priority) => ({ name: "soon", data: {}, opts: { priority } })));
    await mail.add("later", {}, { delay: 3600000 });
    await mail.close();
    const failing = new Queue("failing", { connection });
    await failing.addBulk([1, 2].map(() => ({ name: "fail", data: {} })));
    await new Promise((resolve) => {
        let count = 0;
        const worker = new Worker("failing", async () => { throw new Error("as it should"); }, { connection });
        worker.on("failed", async () => {
            count += 1;
            if (count === 2) {
                await worker.close();
                resolve();
            }
        });
    });
    await failing.close();
    const paused = new Queue("paused", { connection });
    await paused.pause();
    await paused.add("first", {});
    await paused.close();
}

function worker() {
    const hold = () => new Promise(() => {});
    return [new Worker("held", hold, { connection }), new Worker("failing", hold, { connection, name: "a" })];
}

if (process.argv[3] === "put") {
    put(process.argv[4]);
} else {
    new Queue("held", { connection }).add("held", {});
    worker();
}
