// A purge that is ready to send. Its id and body are the same for all tries.
import type { PurgeOrder as AnyPurgeOrder } from "../protocol/purge-order.ts";
import { PurgeError } from "./purge-error.ts";

/**
 * The targets to purge. An order must name at least one target. For a dry run, call
 * `Purger.dryRun`.
 */
export type PurgeOrder = Omit<AnyPurgeOrder, "dryRun">;

export interface PurgeMessage {
  readonly id: string;
  /** The order as JSON. It is sent byte for byte, because it is signed. */
  readonly body: string;
}

/** A message in the table of an outbox. */
export interface OutboxEntry extends PurgeMessage {
  /** The number of `failed` calls for this message. Some databases return integers as text. */
  readonly failedTries: number | bigint | string;
}

const bodyBytesMax = 65_536;

/**
 * Creates a message. The function is synchronous, so that synchronous transactions can call it.
 *
 * @throws PurgeError for an order that names nothing, is too large or requests a dry run
 */
export function messageOf(order: PurgeOrder): PurgeMessage {
  if ("dryRun" in order && order.dryRun === true) {
    throw new PurgeError(dryRunText("Its order requests a dry run, which purges nothing."));
  }
  return newMessage(order);
}

/** Creates the message of a dry run, which purges nothing. */
export function dryRunMessageOf(order: PurgeOrder): PurgeMessage {
  return newMessage({ ...order, dryRun: true });
}

export const dryRunText = (why: string) => ({
  code: "dry-run",
  what: "Nothing was purged.",
  why,
  hint: "Call dryRun(order) of the purger instead, and remove dryRun from orders.",
});

function newMessage(order: PurgeOrder & { readonly dryRun?: true }): PurgeMessage {
  const { tags = [], urls = [], prefixes = [], hosts = [], routes = [] } = order;
  const namedCount = [tags, urls, prefixes, hosts, routes].flat().length;
  if (namedCount === 0 && order.everything !== true && order.release === undefined) {
    throw new PurgeError({
      code: "names-nothing",
      what: "The purge was not made.",
      why: "Its order names nothing.",
      hint: 'Name something, such as { tags: ["article:1"] }.',
    });
  }
  const body = JSON.stringify(order);
  const bodyBytes = new TextEncoder().encode(body).byteLength;
  if (bodyBytes > bodyBytesMax) {
    throw new PurgeError({
      code: "too-large",
      what: "The purge was not made.",
      why: `Its order takes ${bodyBytes} bytes as JSON; the limit is ${bodyBytesMax}.`,
      hint: "Send several purges, or one by prefix.",
    });
  }
  return { id: `msg_${crypto.randomUUID().replaceAll("-", "")}`, body };
}
