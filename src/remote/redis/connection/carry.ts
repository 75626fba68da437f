// Sends commands of the client `@upstash/redis` over a connection, and converts replies and errors
// to those of REST.
import { errors } from "@upstash/redis/cloudflare";
import { OutOfTime, patiently, tryUntil, within } from "../../../base/timeouts.ts";
import type { Carry } from "../open-client.ts";
import type { Command, Connection } from "./connection.ts";
import { inSlots, isScript, keysOf, positionsBySlot } from "./slots.ts";

/** The answer to one command in the REST format. */
interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}

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
export function carryOver(connection: Connection): {
  readonly carry: Carry;
  readonly hasNeverConnected: () => boolean;
} {
  let wasReady = false;
  let hasWaited = false;
  let lastError: unknown = new Error("The connection is not ready.");
  connection.onError((cause) => (lastError = cause));
  const ready = () => (wasReady ||= connection.isReady()) && connection.isReady();
  let firstWait: Promise<void> | undefined;
  const waitOnce = async () => {
    await waitUntilReady(ready);
    hasWaited = true;
  };
  const wait = () => (firstWait ??= waitOnce());
  return {
    async carry({ path: [kind] = [], body }, timeoutMs) {
      const sinceAtMs = Date.now();
      if (!ready() && !wasReady && !hasWaited) await patiently(wait(), timeoutMs);
      if (!ready()) {
        if (!connection.isOpen() && !isOfServer(lastError)) throw new ConnectionNotOpen();
        throw new errors.UpstashError(refusalIn(lastError));
      }
      const leftMs = Math.max(1, timeoutMs - (Date.now() - sinceAtMs));
      const answers = within(answersTo(connection, kind, body), leftMs);
      // The client expects a list in reply to a list.
      return (await answers) as Answer & { result?: never };
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

async function answersTo(
  connection: Connection,
  kind: string | undefined,
  body: unknown,
): Promise<Answer | readonly Answer[]> {
  if (kind === undefined) return answerTo(connection, commandOf(connection, body));
  const commands = (body as unknown[]).map((each) => commandOf(connection, each));
  if (kind === "pipeline") {
    // All commands are sent in one turn of the event loop, before any reply.
    return Promise.all(commands.map((command) => answerTo(connection, command)));
  }
  try {
    return (await connection.transact(commands)).map(answerOf);
  } catch (cause) {
    throw new errors.UpstashError(refusalIn(cause));
  }
}

function commandOf({ isCluster }: Connection, body: unknown): Command {
  const [name = "", ...args] = (body as unknown[]).map(String);
  const command: Command = [name.toUpperCase(), ...args];
  return isCluster ? inSlots(command) : command;
}

async function answerTo(connection: Connection, command: Command): Promise<Answer> {
  const [name] = command;
  const keys = keysOf(command);
  const groups = connection.isCluster && keys.length > 1 ? positionsBySlot(keys) : [];
  try {
    if (groups.length < 2 || isScript(name)) return answerOf(await connection.send(command));
    const replies = await Promise.all(
      groups.map((group) => connection.send([name, ...group.map((at) => keys[at] ?? "")])),
    );
    return { result: name === "MGET" ? merged(groups, replies) : sumOf(replies) };
  } catch (cause) {
    return { error: refusalIn(cause) };
  }
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

function answerOf(reply: unknown): Answer {
  return reply instanceof Error ? { error: refusalIn(reply) } : { result: listed(reply) };
}

/** Converts a RESP3 map to RESP2's list. */
function listed(reply: unknown): unknown {
  if (typeof reply !== "object" || reply === null || Array.isArray(reply)) return reply;
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
export function refusalIn(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (ofServer.test(message) || ofSubscriber.test(message)) return message.replace(aborted, "");
  if (/tim(?:e|ed) ?out/i.test(message)) throw new OutOfTime();
  throw new Error("The connection is lost.");
}
