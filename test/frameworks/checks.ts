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

  async ask(path: string, fields: Record<string, string> = {}) {
    const headers = { ...this.framework.fields, ...fields };
    const response = await fetch(this.#url + path, { headers, redirect: "manual" });
    // Frameworks write comments between the parts of a text.
    const text = (await response.text()).replaceAll(/<!--.*?-->/g, "");
    assert.equal(response.status, 200, `${path}: ${text.slice(0, 500)}`);
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

  async version(id: number): Promise<number> {
    const [path = ""] = this.framework.stories(id);
    return Number(/version (\d+)/.exec((await this.ask(path)).text)?.[1]);
  }

  async publish(id: number): Promise<void> {
    const { path, init } = this.framework.publish(id);
    const headers = new Headers(init.headers);
    const fields = { ...this.framework.fields, origin: this.#url };
    for (const [name, value] of Object.entries(fields)) headers.set(name, value);
    const response = await fetch(this.#url + path, { ...init, headers, redirect: "manual" });
    assert.ok(response.status < 400, `${path}: ${response.status} ${await response.text()}`);
  }
}
