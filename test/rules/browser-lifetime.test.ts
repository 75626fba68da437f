// Tests how long browsers use an answer: as its fields tell, or as browsers assume (RFC 9111 §4.2.2, §5.2.2.1, §5.3).
import { describe, expect, it } from "vitest";
import {
  browserLifetimeSeconds,
  browserUseSeconds,
  isSilentToBrowsers,
} from "../../src/rules/browser-lifetime.ts";

const receivedAtMs = Date.UTC(2030, 0, 1);
const http = (seconds: number) => new Date(receivedAtMs + seconds * 1_000).toUTCString();
const old = { "last-modified": http(-1_000) };
const cc = (text: string, more = {}) => ({ "cache-control": text, ...more });

type Row = [fields: Readonly<Record<string, string>>, isSilent: boolean, seconds: number];

const asked = (fields: Row[0], status = 200) => {
  const headers = new Headers(fields);
  const given = { status, fields: headers, receivedAtMs };
  return [
    isSilentToBrowsers(headers, { status, headers }),
    browserLifetimeSeconds(given),
    browserUseSeconds(given),
  ];
};

describe("a page", () => {
  it.each<Row>([
    [{}, true, 0],
    [old, true, 100],
    [{ ...old, date: http(-500) }, true, 50],
    [cc("public", old), true, 100],
    [cc("must-revalidate", old), true, 100],
    [cc('no-cache="x-a"', old), true, 100],
    [cc("max-age=600", old), false, 600],
    [cc("Max-Age=0", old), false, 0],
    [cc("no-cache, max-age=600", old), false, 0],
    [cc("no-store", old), false, 0],
    [cc("immutable", old), false, 100],
    [{ ...old, expires: http(60) }, false, 60],
    [{ ...old, expires: http(-60) }, false, 0],
    // RFC 9111 §4.2.1 reads these as 0, and Chromium assumes a lifetime by Last-Modified.
    ...["max-age=-60", "max-age=x", "max-age", 'max-age="60"', "max-age=6.5"].flatMap(
      (text): Row[] => [
        [cc(text, old), true, 100],
        [cc(text), false, 0],
      ],
    ),
    ...["-1", "0", "", `${http(60)}, ${http(60)}`].flatMap((expires): Row[] => [
      [{ ...old, expires }, true, 100],
      [{ expires }, false, 0],
    ]),
  ])("with %j is silent: %s, and has %i s", (fields, isSilent, seconds) => {
    expect(asked(fields)).toEqual([isSilent, seconds, seconds]);
  });

  it("is shown while it is revalidated, unless it says must-revalidate", () => {
    const refreshed = "max-age=60, stale-while-revalidate=30";
    expect(asked(cc(refreshed))).toEqual([false, 60, 90]);
    expect(asked(cc(`${refreshed}, must-revalidate`))).toEqual([false, 60, 60]);
    expect(asked(cc(`${refreshed}, no-cache`))).toEqual([false, 0, 0]);
  });
});

it.each([
  [200, true, 100],
  [203, true, 100],
  [206, true, 100],
  [302, false, 0],
  [404, true, 100],
  [500, false, 0],
  [300, true, Infinity],
  [301, true, Infinity],
  [308, true, Infinity],
  [410, true, Infinity],
])("a page with the status %i is silent: %s, and has %i s", (status, isSilent, seconds) => {
  expect(asked(old, status)).toEqual([isSilent, seconds, seconds]);
});

it.each([
  ["text/css", 200, false],
  ["text/css", 301, true],
  ["text/javascript", 200, false],
  ["text/x-ecmascript", 200, false],
  ["text/jscript", 200, false],
  ["text/x-script", 200, true],
  ["image/svg+xml", 410, true],
  ["image/svg+xml", 404, false],
])("a file of the type %s with the status %i is silent: %s", (type, status, isSilent) => {
  expect(asked({ "content-type": type, ...old }, status)[0]).toBe(isSilent);
});
