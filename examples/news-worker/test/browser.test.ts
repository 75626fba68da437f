// Tests the news site in Chromium: a reader and an editor use two colos, and the reader sees a new
// article in both.
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath } from "../../../testing/chromium.ts";
import { patientBundle } from "../../../testing/patient-timeouts.ts";
import { editorPassword, type NewsSite, startNewsSite } from "../run/news-site.ts";
import { readerPassword } from "../run/seed.ts";

/** The folder for screenshots. If TIDEMARK_SCREENSHOTS is not set, no screenshots are taken. */
const shots = process.env["TIDEMARK_SCREENSHOTS"];
const slug = "a-whale-in-the-harbour";

describe.runIf(chromiumPath !== undefined)("the news site in Chromium", () => {
  let site: NewsSite;
  let browser: Browser;
  beforeAll(async () => {
    site = await startNewsSite({ plugins: [patientBundle], onLog: () => undefined });
    browser = await chromium.launch({
      executablePath: chromiumPath ?? "",
      args: ["--no-sandbox"],
    });
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
  });

  it("shows an article that an editor publishes in both colos within five seconds", async () => {
    const [A, B] = site.urls;
    const reader = await browser.newPage({ viewport: { width: 1100, height: 800 } });
    const faults: string[] = [];
    reader.on("pageerror", (error) => faults.push(String(error)));
    await reader.goto(`${B}/`);
    expect(await reader.locator(".cards article").count()).toBe(20);
    if (shots) await reader.screenshot({ path: `${shots}/front.png` });
    await reader.locator(".cards h2 a").first().click();
    await reader.locator("#views", { hasText: /^\d+$/ }).waitFor();
    if (shots) await reader.screenshot({ path: `${shots}/article.png` });

    const httpCredentials = { username: "editor", password: editorPassword };
    const desk = await (await browser.newContext({ httpCredentials })).newPage();
    await desk.goto(`${A}/editor`);
    await desk.fill("[name=slug]", slug);
    await desk.fill("[name=title]", "A whale in the harbour");
    await desk.fill("[name=lede]", "It came with the tide.");
    await desk.fill("[name=body]", "Nobody had asked it to.");
    await desk.selectOption("[name=section]", "harbour");
    if (shots) await desk.screenshot({ path: `${shots}/editor.png` });
    await desk.getByRole("button", { name: "Publish" }).click();
    expect(await desk.locator("[role=status]").textContent()).toContain("Published");

    // The configuration promises that a purge takes effect within five seconds of the response to
    // the editor.
    const deadlineMs = Date.now() + 5_500;
    for (const colo of [A, B]) {
      await reader.goto(`${colo}/`);
      const title = reader.locator(".cards h2").first();
      while ((await title.textContent()) !== "A whale in the harbour") {
        expect(Date.now()).toBeLessThan(deadlineMs);
        await reader.waitForTimeout(100);
        await reader.reload();
      }
      await reader.goto(`${colo}/news/${slug}`);
      expect(await reader.locator("h1").textContent()).toBe("A whale in the harbour");
    }
    expect(faults).toEqual([]);
  });

  it("signs a reader in with a form, and shows the reader's own page", async () => {
    const [A] = site.urls;
    const page = await browser.newPage();
    await page.goto(`${A}/me`);
    await page.fill("[name=name]", "ada");
    await page.fill("[name=password]", readerPassword);
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.locator("h1").textContent()).toBe("Good morning, Ada");
    if (shots) await page.screenshot({ path: `${shots}/yours.png` });
  });
});
