// Tests the routes that `tidemark init` drafts for pages that it cannot compare, and for images.
import { describe, expect, it } from "vitest";
import { html, originOf, type Page, routesOf } from "./drafted-routes.ts";

describe("a page of which a further request fails", () => {
  const late = () => {
    throw new DOMException("late", "TimeoutError");
  };
  const answerOf = (status: number) => () => new Response("busy", { status });
  it.each([
    { id: "the repetition is late", nth: 2, fails: late },
    { id: "the repetition gets 503", nth: 2, fails: answerOf(503) },
    { id: "the request with cookies is late", nth: 3, fails: late },
    { id: "the request with cookies gets 429", nth: 3, fails: answerOf(429) },
    { id: "the request for Markdown is late", nth: 4, fails: late },
  ])("gets no lifetime, and no claim about cookies: $id", async ({ nth, fails }) => {
    let count = 0;
    const page = () => ((count += 1) === nth ? fails() : "a");
    const { route, told, text } = await routesOf(originOf({ "/a": page }));
    expect(route("pages")).toMatchObject({ freshSeconds: undefined, bypass: false });
    expect(text).toContain("unknown whether cookies change them");
    const codes = told.findings.map(({ code }) => code);
    expect(codes).toContain("failed");
    expect(codes).not.toContain("changing");
  });

  it("gets a lifetime if only its Markdown is an error of the application", async () => {
    const page: Page = (request) =>
      request.headers.get("accept") === "text/markdown" ? answerOf(500)() : "a";
    const { route } = await routesOf(originOf({ "/a": page }));
    expect(route("pages")?.freshSeconds).toBe(60);
  });

  it("gets no claim about cookies if it never answers", async () => {
    const { text } = await routesOf(originOf({ "/a": "a", "/b": late }));
    expect(text).toContain("unknown whether cookies change them");
  });

  it("is not said to keep its cookies", async () => {
    const page: Page = (request) =>
      /sid/.test(request.headers.get("cookie") ?? "")
        ? late()
        : html("a", { "set-cookie": "sid=1" });
    const { told } = await routesOf(originOf({ "/a": page }));
    const cookies = told.findings.find(({ code }) => code === "cookies");
    expect(cookies?.text).not.toContain("no new ones");
  });

  it("gets no lifetime if the token may be in a part that is not read", async () => {
    const { route } = await routesOf(originOf({ "/a": "a".repeat(1_100_000) }));
    expect(route("pages")?.freshSeconds).toBeUndefined();
  });
});

describe("images in a drafted configuration", () => {
  /** Returns an image that has the first of these types that the client names. */
  const imageOf =
    (types: readonly string[], lines: Readonly<Record<string, string>> = {}): Page =>
    (request) => {
      const accept = request.headers.get("accept") ?? "";
      const type = types.find((one) => accept.includes(one)) ?? "image/jpeg";
      return html(type, { ...lines, "content-type": type });
    };
  it.each([
    ["/img/a.jpg", ["image/avif", "image/webp"]],
    ["/img/a.jpg", ["image/webp"]],
    ["/wp-content/a.jpg", ["image/webp"]],
  ])("list the types in key.accept that they have without Vary: %s, %j", async (path, types) => {
    const { routes, text } = await routesOf(originOf({ [path]: imageOf(types), "/a": "a" }));
    const found = routes.find(({ patterns }) => patterns.includes(path.replace("a.jpg", "*")));
    expect(found?.freshSeconds).toBeUndefined();
    const list = types.map((type) => JSON.stringify(type)).join(", ");
    expect(text).toContain(`key: { accept: [${list}] }`);
  });

  it("have a lifetime, and one more request, if their type is always the same", async () => {
    let count = 0;
    const image = () => {
      count += 1;
      return html("x", { "content-type": "image/png" });
    };
    const { route } = await routesOf(originOf({ "/img/a.png": image, "/a": "a" }));
    expect([route("files-img")?.freshSeconds, count]).toEqual([3_600, 3]);
  });

  it("have no key by the type of a page, such as a bot check", async () => {
    const image: Page = ({ headers }) => {
      const type = headers.get("accept")?.includes("avif") ? "text/html" : "image/jpeg";
      return html("x", { "content-type": type });
    };
    const { text } = await routesOf(originOf({ "/img/a.jpg": image, "/a": "a" }));
    expect(text).not.toContain('"text/html"');
  });
});

it("a drafted configuration sets no lifetime for a feed that changes in each response", async () => {
  let count = 0;
  const feed = () => html(`feed ${(count += 1)}`, { "content-type": "application/rss+xml" });
  const { routes } = await routesOf(originOf({ "/feed.xml": feed, "/a": "a" }));
  const found = routes.find(({ patterns }) => patterns.includes("/feed.xml"));
  expect(found).toMatchObject({ name: "lists", freshSeconds: undefined });
});
