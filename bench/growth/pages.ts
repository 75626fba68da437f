// What 10,000 to 10 million stored pages take in each store, extrapolated from the rows and bytes of one record.
import { upstash } from "../cost/prices.ts";
import { counted, markdownTable } from "../load/figures.ts";
import { headBytes, pageBytes, recordBytes } from "../scale/bill.ts";

/** https://developers.cloudflare.com/durable-objects/platform/limits/: the storage of an object. */
const objectBytesMax = 10e9;
/** Cloudflare's price of a stored gigabyte, and what Workers Paid includes. */
const objects = { includedGigabytes: 5, dollarsAGigabyteMonth: 0.2 };

export function pagesTable(): string {
  const inRedis = recordBytes({});
  // An object stores bodies as they are.
  const inObject = pageBytes + headBytes;
  const rows = [1e4, 1e6, 1e7].map((pages) => {
    const [redisGigabytes, objectGigabytes] = [inRedis, inObject].map((one) => (one * pages) / 1e9);
    return [
      counted(pages),
      gigabytes(redisGigabytes),
      dollarsOf(redisGigabytes, upstash.storage),
      gigabytes(objectGigabytes),
      String(Math.max(1, Math.ceil(((objectGigabytes ?? 0) * 1e9) / objectBytesMax / 0.6))),
      dollarsOf(objectGigabytes, objects),
    ];
  });
  const head = ["Redis", "a month", "objects: rows of", "objects", "a month"];
  return markdownTable(["pages", ...head], rows);
}

const gigabytes = (value = 0): string => `${Number(value.toPrecision(2))} GB`;

function dollarsOf(
  stored = 0,
  price: Readonly<Record<"includedGigabytes" | "dollarsAGigabyteMonth", number>>,
): string {
  const beyond = Math.max(0, stored - price.includedGigabytes);
  return `$${counted(beyond * price.dollarsAGigabyteMonth)}`;
}
