// The sender for Contentful.
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookFields, WebhookOrder } from "../port/scheme.ts";
import { type ContentReader, senderWithContent } from "../makers/hmac-sender.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { presetOf, requiredAt, textAt } from "./payload.ts";

export interface ContentfulPayload {
  readonly sys: {
    readonly id: string;
    readonly type: string;
    readonly contentType?: { readonly sys: { readonly id: string } };
    readonly environment?: { readonly sys: { readonly id: string } };
  };
}

/**
 * Makes a sender for Contentful's webhooks with request verification. The signature covers the
 * method, the path, the signed fields and the body
 * (https://www.contentful.com/developers/docs/webhooks/request-verification/).
 *
 * The default mapping purges `entry:<id>` and `contentType:<id>`, or `asset:<id>`, when an entry or
 * asset is published, unpublished, archived, unarchived or deleted; and everything when a content
 * type is published or unpublished.
 */
export function contentful(options: PresetOptions<ContentfulPayload> = {}): WebhookSender {
  return senderWithContent<ContentfulPayload>(
    {
      header: "x-contentful-signature",
      algorithm: "sha256",
      encoding: "hex",
      timestamp: { header: "x-contentful-timestamp", unit: "ms" },
      idHeader: "x-contentful-idempotency-key",
      ...presetOf(options, changed),
    },
    canonicalContent,
  );
}

const signedFieldsMax = 20;

const canonicalContent: ContentReader = ({ request: { method, url, headers } }) => {
  const listed = headers.get("x-contentful-signed-headers") ?? "";
  const names = listed.split(",").map((name) => name.trim().toLowerCase());
  // Without it, the time would not be signed.
  if (!names.includes("x-contentful-timestamp") || names.length > signedFieldsMax) return undefined;
  if (!URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  // Contentful encodes the query as if it were one value.
  const query = search === "" ? "" : `?${encodeURIComponent(search.slice(1))}`;
  const path = encodeURI(`${pathname}${query}`);
  const fields = names.toSorted().map((name) => `${name}:${valueOf(headers, name)}`);
  const head = `${method}\n${path}\n${fields.join(";")}\n`;
  return (body) => [head, body];
};

function valueOf(headers: WebhookFields, name: string): string {
  return /^[\w-]+$/.test(name) ? (headers.get(name) ?? "").trim() : "";
}

const publicActions = ["publish", "unpublish", "archive", "unarchive", "delete"];

function changed(payload: ContentfulPayload, fields: WebhookFields): WebhookOrder | undefined {
  const [, type = "", action = ""] = (fields.get("x-contentful-topic") ?? "").split(".");
  if (!publicActions.includes(action)) return undefined;
  if (type === "ContentType") return { everything: true };
  const id = requiredAt(payload, "sys.id");
  if (type === "Asset") return { tags: [`asset:${id}`] };
  if (type !== "Entry") return undefined;
  const contentType = textAt(payload, "sys.contentType.sys.id");
  return { tags: [`entry:${id}`, ...(contentType ? [`contentType:${contentType}`] : [])] };
}
