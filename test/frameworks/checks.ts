// The checks of a running example. They are the same for all frameworks.
import assert from "node:assert/strict";
import type { Framework } from "./rows.ts";
import type { Site } from "./site.ts";

/** @throws AssertionError for the first check that fails */
export async function checkSite(framework: Framework, site: Site): Promise<void> {
  const visitor = new Visitor(framework, site.url);
  await checkHits(visitor);
  await checkPurges(visitor);
  await checkPurgesDuringLoads(visitor);
  await checkHostileFields(visitor);
  await checkPersonalPages(visitor);
}

/** The second request for each page and its data is a hit, also with a session cookie. */
async function checkHits(visitor: Visitor): Promise<void> {
  for (const path of [
    visitor.framework.list,
    ...visitor.framework.stories(1),
    ...visitor.framework.stories(2),
  ]) {
    const hit = await visitor.untilHit(path);
    const other = await visitor.ask(path, { cookie: "user=ada" });
    assert.match(other.told, /; hit/, `${path} with a cookie`);
    assert.equal(other.text, hit.text, `${path} is the same for all`);
    assert.doesNotMatch(other.text, /\bada\b/, `${path} names no user`);
    assert.equal(other.headers.get("set-cookie"), null, `${path} sets no cookie`);
  }
}

/** The request after an accepted purge gets the new version, on each page that has the tag. Others stay. */
async function checkPurges(visitor: Visitor): Promise<void> {
  const { list, stories } = visitor.framework;
  const before = await visitor.version(1);
  await visitor.publish(1);
  for (const path of [list, ...stories(1)]) {
    const { text, told } = await visitor.ask(path);
    assert.doesNotMatch(told, /; hit/, `${path} after the purge`);
    assert.ok(text.includes(`version ${before + 1}`), `${path} is new: ${text.slice(0, 500)}`);
  }
  for (const path of stories(2)) {
    assert.match((await visitor.ask(path)).told, /; hit/, `${path}, which has other tags`);
  }
}

/** A purge that is accepted while a page is rendered covers this page. */
async function checkPurgesDuringLoads(visitor: Visitor): Promise<void> {
  const [path = ""] = visitor.framework.stories(3);
  await visitor.publish(3);
  const rendered = visitor.ask(path);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await visitor.publish(3);
  await rendered;
  const { text } = await visitor.ask(path);
  assert.ok(
    text.includes("version 3"),
    `${path} after a purge during its load: ${text.slice(0, 500)}`,
  );
}

/** The first client after a purge chooses nothing in what others get. */
async function checkHostileFields(visitor: Visitor): Promise<void> {
  const fields = {
    cookie: "user=ada",
    accept: "application/json",
    "accept-language": "xx-evil",
    "user-agent": "evil-bot",
    "x-forwarded-host": "evil.example",
  };
  await visitor.publish(2);
  for (const path of visitor.framework.stories(2)) {
    const first = await visitor.ask(path, fields);
    const next = await visitor.untilHit(path);
    assert.equal(next.text, first.text, `${path} for the next client`);
    assert.doesNotMatch(next.text, /\bada\b|evil/, `${path} has nothing of the first client`);
  }
  const missing = visitor.missing();
  await visitor.ask(missing, fields, 404);
  const { text } = await visitor.ask(missing, { accept: "text/html" }, 404);
  assert.match(text, /<html/i, `${missing} is a page`);
}

/** Each client has its own account page, whoever asked before. */
async function checkPersonalPages(visitor: Visitor): Promise<void> {
  const { account } = visitor.framework;
  for (const user of ["ada", "bob", "", "ada", "", "bob"]) {
    const { text, told } = await visitor.ask(
      account,
      user === "" ? {} : { cookie: `user=${user}` },
    );
    assert.ok(
      text.includes(`The account of ${user || "nobody"}`),
      `${user}: ${text.slice(0, 500)}`,
    );
    assert.doesNotMatch(told, /; hit|; stored/, `${account} of ${user}`);
  }
}

class Visitor {
  readonly framework: Framework;
  readonly #url: string;

  constructor(framework: Framework, url: string) {
    this.framework = framework;
    this.#url = url;
  }

  async ask(path: string, fields: Record<string, string> = {}, status = 200) {
    const response = await fetch(this.#url + path, {
      headers: { ...this.framework.fields, ...fields },
      redirect: "manual",
      signal: AbortSignal.timeout(30_000),
    });
    // Frameworks write comments between the parts of a text.
    const text = (await response.text()).replaceAll(/<!--.*?-->/g, "");
    assert.equal(response.status, status, `${path}: ${text.slice(0, 500)}`);
    const told = response.headers.get("cache-status") ?? "";
    assert.match(told, /^tidemark/, `${path} has Cache-Status`);
    return { text, told, headers: response.headers };
  }

  /** Asks until the answer is a hit, because bodies are stored in the background. */
  async untilHit(path: string) {
    for (let count = 0; count < 20; count += 1) {
      const answer = await this.ask(path);
      if (/; hit/.test(answer.told)) return answer;
      assert.match(answer.told, /; stored/, `${path} is stored`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${path} never became a hit.`);
  }

  /** Returns the path of a story that does not exist. */
  missing(): string {
    const [path = ""] = this.framework.stories(99);
    return path;
  }

  async version(id: number): Promise<number> {
    const [path = ""] = this.framework.stories(id);
    return Number(/version (\d+)/.exec((await this.ask(path)).text)?.[1]);
  }

  async publish(id: number): Promise<void> {
    const { path, init } = this.framework.publish(id);
    const headers = new Headers(init.headers);
    const fields = { ...this.framework.fields, origin: this.#url };
    for (const [name, value] of Object.entries(fields)) headers.set(name, value);
    const response = await fetch(this.#url + path, {
      ...init,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(30_000),
    });
    assert.ok(response.status < 400, `${path}: ${response.status} ${await response.text()}`);
  }
}
