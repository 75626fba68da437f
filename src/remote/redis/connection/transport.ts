// Sends commands over a connection, and gives replies and errors the form of REST.
import { once } from "../../../base/once.ts";
import { OutOfTime, patiently, tryUntil, within } from "../../../base/timeouts.ts";
import type { Transport } from "../address.ts";
import { type Command, type Form, RedisRefusal } from "../redis.ts";
import type { Connection, WireCommand } from "./connection.ts";
import { KnownScripts } from "./known-scripts.ts";
import { inSlots, isScript, keysOf, positionsBySlot } from "./slots.ts";

/**
 * The application has not opened its connection, or has closed it. `readTrouble` checks the name.
 */
class ConnectionNotOpen extends Error {
  override readonly name = "ConnectionNotOpen";
}

const connectingPauseMs = 20;
/**
 * The maximum wait for the first connection. All calls share this wait, so an unreachable database
 * delays them only once.
 */
const firstWaitMs = 1_000;

/**
 * Creates a transport. Calls wait only for the first connection. After the connection is lost,
 * calls fail at once, so no command is sent late.
 */
export function transportOver(connection: Connection): {
  readonly transport: Transport;
  readonly hasNeverConnected: () => boolean;
} {
  let wasReady = false;
  let hasWaited = false;
  let lastError: unknown = new Error("The connection is not ready.");
  connection.onError((cause) => (lastError = cause));
  const ready = () => (wasReady ||= connection.isReady()) && connection.isReady();
  const over = { connection, failover: new Failover(connection), scripts: new KnownScripts() };
  const wait = once(async () => {
    await waitUntilReady(ready);
    hasWaited = true;
  });
  return {
    async transport(form, commands, timeoutMs) {
      let leftMs = timeoutMs;
      if (!ready() && !wasReady && !hasWaited) {
        const sinceAtMs = Date.now();
        await patiently(wait(), timeoutMs);
        leftMs = Math.max(1, timeoutMs - (Date.now() - sinceAtMs));
      }
      if (!ready()) {
        if (!isOfServer(lastError)) {
          if (connection.isStarting?.() === true) throw new RedisRefusal("LOADING");
          if (!connection.isOpen()) throw new ConnectionNotOpen();
        }
        throw refusalOf(lastError);
      }
      const sent = commands.map((command) => wired(connection, command));
      const [only] = sent;
      if (form === "single" && only !== undefined)
        return [await within(replyTo(over, only), leftMs)];
      return within(repliesTo(over, form, sent), leftMs);
    },
    hasNeverConnected() {
      if (ready() || wasReady) return false;
      void wait();
      return hasWaited;
    },
  };
}

async function waitUntilReady(ready: () => boolean): Promise<void> {
  const readyNow = () => ready() || undefined;
  const by = { waitMs: firstWaitMs, pauseMs: () => connectingPauseMs, nowAtMs: Date.now };
  await tryUntil(readyNow, by);
}

/** The least time between two new connections. */
const reconnectPauseMs = 60_000;

/**
 * Connects again if a server that took writes refuses them as a replica: after a failover, the name leads to the new
 * primary, but an open connection stays on the old one. A client of a cluster follows its servers itself.
 */
class Failover {
  readonly #connection: Connection;
  #hasWritten = false;
  #reconnectedAtMs = -Infinity;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Returns the reply, and learns from it. */
  seen<Reply>(name: string, reply: Reply): Reply {
    if (!writes.has(name)) return reply;
    if (!(reply instanceof RedisRefusal)) this.#hasWritten = true;
    else if (reply.message.startsWith("READONLY")) this.#refused();
    return reply;
  }

  #refused(): void {
    const { isCluster } = this.#connection;
    const atMs = performance.now();
    if (isCluster || !this.#hasWritten || atMs - this.#reconnectedAtMs < reconnectPauseMs) return;
    this.#reconnectedAtMs = atMs;
    this.#connection.reconnect();
  }
}

/** The commands by which the cache writes to every database. */
const writes: ReadonlySet<string> = new Set(["SET", "EVAL", "EVALSHA", "XADD"]);

interface Over {
  readonly connection: Connection;
  readonly failover: Failover;
  readonly scripts: KnownScripts;
}

async function repliesTo(
  over: Over,
  form: Form,
  commands: readonly WireCommand[],
): Promise<readonly unknown[]> {
  // All commands are sent in one turn of the event loop, before any reply.
  if (form !== "multi-exec") return Promise.all(commands.map((command) => replyTo(over, command)));
  const { connection, failover } = over;
  try {
    // With the texts of scripts: a script that the server does not know would fail after others have run.
    const replies = await connection.transact(commands);
    // The application has watched a key, over the same connection.
    if (replies.length !== commands.length) throw new Error("The transaction was aborted.");
    return replies.map((reply, at) => failover.seen(commands[at]?.[0] ?? "", replyOf(reply)));
  } catch (cause) {
    throw failover.seen("EVAL", refusalOf(cause));
  }
}

function wired({ isCluster }: Connection, given: Command): WireCommand {
  const command = given.map(String) as [string, ...string[]];
  return isCluster ? inSlots(command) : command;
}

async function replyTo(over: Over, command: WireCommand): Promise<unknown> {
  const short = over.scripts.shortened(command);
  const reply = short && (await replyOnce(over, short));
  return short === undefined || over.scripts.needsText(reply) ? replyOnce(over, command) : reply;
}

async function replyOnce({ connection, failover }: Over, command: WireCommand): Promise<unknown> {
  try {
    if (connection.isCluster) return await fromSlots(connection, command);
    return failover.seen(command[0], replyOf(await connection.send(command)));
  } catch (cause) {
    return failover.seen(command[0], refusalOf(cause));
  }
}

/** Divides a command with keys in several slots, unless it is a script. */
async function fromSlots(connection: Connection, command: WireCommand): Promise<unknown> {
  const [name] = command;
  const keys = keysOf(command);
  const groups = keys.length > 1 ? positionsBySlot(keys) : [];
  if (groups.length < 2 || isScript(name)) return replyOf(await connection.send(command));
  const replies = await Promise.all(
    groups.map((group) => connection.send([name, ...group.map((at) => keys[at] ?? "")])),
  );
  return name === "MGET" ? merged(groups, replies) : sumOf(replies);
}

/** Returns the values in the order of the keys. */
function merged(
  groups: readonly (readonly number[])[],
  replies: readonly unknown[],
): readonly unknown[] {
  const values: unknown[] = [];
  for (const [nth, group] of groups.entries()) {
    for (const [place, at] of group.entries()) values[at] = (replies[nth] as unknown[])[place];
  }
  return values;
}

const sumOf = (counts: readonly unknown[]) => counts.reduce<number>((a, b) => a + Number(b), 0);

function replyOf(reply: unknown): unknown {
  if (typeof reply !== "object" || reply === null) return reply;
  return reply instanceof Error ? refusalOf(reply) : listed(reply);
}

/** Converts a RESP3 map to RESP2's list. */
function listed(reply: object): unknown {
  if (Array.isArray(reply)) return reply;
  return [...(reply instanceof Map ? reply : Object.entries(reply))].flat();
}

/**
 * Matches the server's errors, which begin with an upper-case word. All other errors come from the
 * connection.
 */
const ofServer = /^[A-Z][A-Z0-9]+ /;
const isOfServer = (cause: unknown) => cause instanceof Error && ofServer.test(cause.message);
/** Matches the error with which ioredis refuses commands itself. */
const ofSubscriber = /^Connection in subscriber mode\b/;
const aborted = /^EXECABORT Transaction discarded because of: /;

/**
 * Returns the server's error.
 *
 * @throws OutOfTime, or Error if the connection was lost
 */
export function refusalOf(cause: unknown): RedisRefusal {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (ofServer.test(message) || ofSubscriber.test(message))
    return new RedisRefusal(message.replace(aborted, ""));
  if (/tim(?:e|ed) ?out/i.test(message)) throw new OutOfTime();
  throw new Error("The connection is lost.");
}
