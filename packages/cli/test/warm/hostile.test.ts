// Tests `tidemark warm` with hostile lists and sites. It must neither crash nor hang, and
// must not print passwords.
import { expect, it } from "vitest";
import { exitCode } from "../../src/command-error.ts";
import { hit, page, site, stored, WarmUser } from "./warm-user.ts";

it("warm does not print passwords in the URLs of a list", async () => {
  const user = await WarmUser.at();
  const input = `https://u:pass-x@www.example.com/a\nhttps://:pass-x@www.example.com/b\n/c`;
  const { notes, out } = await user.warms(["--list", "-"], { input });
  expect(notes).toContain("https://\u2026@www.example.com");
  expect(notes + out).not.toContain("pass-x");
  expect(user.site.urls).toEqual([`${site}/c`]);
});

it("warm skips malicious lines of a list", async () => {
  const user = await WarmUser.at();
  const lines = [
    "/good",
    "//other.test/",
    "/x/../_cache/purge",
    String.raw`\x16\x03\x01`,
    "GET /a",
  ];
  await user.warms(["--list", "-"], { input: lines.join("\n") });
  expect(user.site.urls).toEqual([`${site}/good`]);
});

it.each(["tidemark; fwd=bypass; detail=route", hit])(
  "warm does not read an endless body that is not stored on this request: %s",
  async (status) => {
    const user = await WarmUser.at(({ pathname }) => {
      if (pathname !== "/events") return undefined;
      const endless = new ReadableStream({ start: (to) => to.enqueue(new Uint8Array(1)) });
      return new Response(endless, { headers: { "cache-status": status } });
    });
    const { code } = await user.warms(["/events", "/a"]);
    expect([code, user.site.urls]).toEqual([exitCode.done, [`${site}/events`, `${site}/a`]]);
  },
);

it.each(["-5", "1000000000", "soon", "Sat, 21 Nov 1994 10:00:00 GMT", "0"])(
  "warm ignores Retry-After %j, and waits a second",
  async (after) => {
    const user = await WarmUser.at((_, times) =>
      times === 1 ? page("tidemark; fwd=uri-miss", 429, { "retry-after": after }) : page(stored),
    );
    const beganAtMs = user.atMs;
    expect((await user.warms(["/a"])).code).toBe(exitCode.done);
    expect(user.atMs - beganAtMs).toBe(1_000);
  },
);

it.each([`"`, "tidemark", "tidemark; hit=5; ttl=x", "tidemark; hit; ttl=99999999999999999999", ""])(
  "warm does not crash on the Cache-Status %j",
  async (status) => {
    const user = await WarmUser.at(() => page(status));
    const { notes } = await user.warms(["/a"]);
    expect(notes).not.toContain("The command failed");
  },
);
