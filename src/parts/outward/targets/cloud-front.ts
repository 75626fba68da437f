// Purges a CloudFront distribution with CreateInvalidation.
import { AwsClient } from "aws4fetch";
import type { OutwardCall, SignCall } from "../delivery/call.ts";
import { checkOptions, makeTarget, type TargetOptions, chunks } from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";
import type { Selection } from "../delivery/selection.ts";

export interface CloudFrontOptions extends TargetOptions {
  /** The id of the distribution. */
  readonly distribution: string;
}

/**
 * CloudFront processes 3,000 paths and 15 wildcards at a time. An invalidation takes about two
 * minutes.
 */
const limits = {
  paths: { burst: 3_000, perSecond: 25 },
  wildcards: { burst: 15, perSecond: 0.125 },
};
const itemsPerCall = 1_000;
const namespace = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
/** A place in the body for a random text, because CloudFront accepts each reference once. */
const reference = "{reference}";

/**
 * Makes a target for a CloudFront distribution. The credential has the id and the secret of an access
 * key with the permission `cloudfront:CreateInvalidation`. For `tags: true`, the distribution must
 * know the response field with the tags.
 *
 * @example
 * outward({ aws: cloudFront({ distribution: "E2EXAMPLE1A2B3", urls: "exact" }) })
 */
export function cloudFront(options: CloudFrontOptions): OutwardTarget {
  const { distribution } = options;
  checkOptions("cloudFront", options, [
    !/^E[0-9A-Z]{6,20}$/.test(distribution) && "distribution is not the id of a distribution.",
  ]);
  const url = `https://cloudfront.amazonaws.com/2020-05-31/distribution/${distribution}/invalidation`;
  return makeTarget(options, {
    credential: { parts: ["access key id", "secret access key"] },
    api: ([accessKeyId = "", secretAccessKey = ""]) => ({
      reach: { url: "exact", prefix: "text", anyHost: "always", tag: isCloudFrontTag },
      limits,
      softens: false,
      callsFor: (selection) =>
        chunks(itemsOf(selection), itemsPerCall).map((items) => callOf(items, url)),
      sign: signerOf(
        new AwsClient({
          accessKeyId,
          secretAccessKey,
          service: "cloudfront",
          region: "us-east-1",
          retries: 0,
        }),
      ),
      readAnswer: async (status, text) =>
        status >= 400 && /<Code>(?:TooManyInvalidationsInProgress|Throttling)/.test(await text())
          ? "rate-limited"
          : undefined,
    }),
  });
}

/** A tag has at most 256 characters. */
function isCloudFrontTag(tag: string): boolean {
  return /^[!-+\--~]{1,256}$/.test(tag);
}

function itemsOf({ everything, urls, prefixes, tags }: Selection): readonly string[] {
  if (everything) return ["/*"];
  const paths = urls.map((url) => url.replace(/^\w+:\/\/[^/]*/, ""));
  return [
    ...new Set([...paths, ...prefixes.map(({ path }) => `${path}*`)]),
    ...tags.map((tag) => `#${tag}`),
  ];
}

function callOf(items: readonly string[], url: string): OutwardCall {
  const list = items.map((item) => `<Path>${escaped(item)}</Path>`).join("");
  const body =
    `<?xml version="1.0" encoding="UTF-8"?><InvalidationBatch xmlns="${namespace}">` +
    `<CallerReference>${reference}</CallerReference>` +
    `<Paths><Items>${list}</Items><Quantity>${items.length}</Quantity></Paths></InvalidationBatch>`;
  const wildcards = items.filter((item) => item.endsWith("*")).length;
  const headers = { "content-type": "application/xml" };
  return { method: "POST", url, headers, body, tokens: { paths: items.length, wildcards } };
}

function signerOf(client: AwsClient): SignCall {
  return async ({ body = "", ...call }, { atMs, randomText }) => {
    const whole = body.replace(reference, randomText());
    const { method, headers } = call;
    const datetime = new Date(atMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
    const signed = await client.sign(call.url, { method, headers, body: whole, aws: { datetime } });
    return { ...call, headers: Object.fromEntries(signed.headers), body: whole };
  };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
