// Runs a real WordPress with the plugin behind two colos of `npm start`: the script of the example,
// each kind of change, and purges that do not arrive.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { type PurgeRelay, startPurgeRelay } from "../../testing/wordpress/purge-relay.ts";
import {
  editor,
  isWordPressInstalled,
  startWordPress,
  type WordPressSite,
} from "../../testing/wordpress/wordpress-site.ts";
import { endAll, freePorts, startRun, told } from "../local/runs.ts";
import { changes, post } from "./changes.ts";

const purgeSecret = "whsec_m4Vq0a1xNw8ZtQ2LrC7sYbGhE5uKfDpJ";
const runFile = promisify(execFile);

describe.skipIf(!isWordPressInstalled)("WordPress behind Tidemark", () => {
  let urls: readonly [string, string];
  let relay: PurgeRelay;
  let wordpress: WordPressSite;

  beforeAll(async () => {
    const port = await freePorts();
    urls = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`];
    relay = await startPurgeRelay(urls[0]);
    wordpress = await startWordPress({ siteUrl: urls[0], purgeUrl: relay.url, purgeSecret });
    const script = fileURLToPath(new URL("../../local/start.ts", import.meta.url));
    const config = ["--config", "examples/wordpress/tidemark.config.ts"];
    const args = ["--origin", wordpress.url, "--port", String(port), "--colos", "2", ...config];
    await told(startRun(script, args, { env: { PURGE_SECRET: purgeSecret } }), "/_cache/stats\n");
  });
  afterAll(async () => {
    await endAll();
    await wordpress?.stop();
    await relay?.stop();
  });

  it("passes the script of the example", async () => {
    const args = ["examples/wordpress/check.sh", urls[0], editor.user, editor.password, urls[1]];
    // The suites of N test its bound. Here, a busy machine may take its time.
    const env = { ...process.env, BOUND_SECONDS: "60" };
    const { stdout } = await runFile("bash", args, { env }).catch(
      (cause: { stdout: string }) => cause,
    );
    expect(failed(stdout)).toEqual([]);
    expect(stdout).toContain("ok      the page is a 404");
  });

  it("passes the script of the plugin", async () => {
    const { stdout } = await runFile("php", ["examples/wordpress/check-plugin.php"]);
    expect(failed(stdout)).toEqual([]);
  });

  /** Whether the status and the text of a page match; if not, their beginning. */
  async function shows(path: string, pattern: RegExp): Promise<true | string> {
    const { status, body } = await rawRequest(urls[0], path);
    const page = `${status} ${body.toString()}`;
    return pattern.test(page) || page.slice(0, 300);
  }

  /** Requests a page until the cache answers. */
  async function store(path: string): Promise<void> {
    await expect
      .poll(async () => cacheStatusOf(await rawRequest(urls[0], path)), { timeout: 60_000 })
      .toContain("; hit");
  }

  describe("keeps the row of a purge", () => {
    let id: string;
    let path: string;
    const edit = "wp_update_post(['ID' => $id, 'post_content' => 'second text']);";
    beforeEach(async () => {
      [id = "", path = ""] = (await wordpress.run(post("'post_content' => 'first text',"))).split(
        " ",
      );
      await store(path);
    });
    afterEach(() => relay.set("passes"));

    const rows = async () => Number(await wordpress.run(`echo count(${rowNames});`));
    /** Lets WP-Cron send the rows, as if two minutes had passed. */
    async function sendLater() {
      relay.set("passes");
      await wordpress.run(agedRows);
      await wordpress.runCron();
      expect(await rows()).toBe(0);
      expect(await shows(path, /second text/)).toBe(true);
    }
    const newLines = async (during: () => Promise<unknown>) => {
      const { length } = await wordpress.tidemarkLog();
      await during();
      return (await wordpress.tidemarkLog()).slice(length);
    };

    it("during an outage, and sends it later", async () => {
      relay.set("interrupts");
      const lines = await newLines(() => wordpress.run(`$id = ${id}; ${edit}`));
      expect(lines).toEqual([expect.stringContaining("WP-Cron sends it again: ")]);
      expect(await rows()).toBe(1);
      expect(await shows(path, /first text/)).toBe(true);
      await sendLater();
    });

    it("if PHP is killed before the answer, and sends it later", async () => {
      await wordpress.run("update_option('comment_previously_approved', '0');");
      relay.set("holds");
      const text = "second text, of a guest";
      const form = { comment_post_ID: id, comment: text, author: "Ada", email: "ada@example.com" };
      const sending = rawRequest(wordpress.url, "/wp-comments-post.php", {
        method: "POST",
        // WordPress refuses two comments from one address within 15 s.
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          "x-forwarded-for": "192.0.2.7, 2a06:98c0:3600::103",
        },
        body: new URLSearchParams(form).toString(),
      }).catch(() => undefined);
      await relay.held();
      await wordpress.crash();
      await sending;
      const addressed =
        "echo get_comments(['author_email' => 'ada@example.com'])[0]->comment_author_IP;";
      expect(await wordpress.run(addressed)).toBe("192.0.2.7");
      expect(await rows()).toBe(1);
      expect(await shows(path, /^200(?![^]*second text)/)).toBe(true);
      await sendLater();
    });

    it("after a wrong secret, which one line of the log names, and sends it later", async () => {
      const wrong = { PURGE_SECRET: "whsec_Zx3Jk9pTn6WcRvB1yQmHsLf0dUe8AaGo" };
      const lines = await newLines(() => wordpress.run(`$id = ${id}; ${edit}`, wrong));
      expect(lines).toEqual([expect.stringMatching(/401 .*Check TIDEMARK_PURGE_SECRET/)]);
      expect(await rows()).toBe(1);
      await sendLater();
    });
  });

  it.each(changes)("purges at once: $change", async ({ before, code, old, now }) => {
    const [id = "", path = "/"] = (await wordpress.run(before)).split(" ");
    await store(path);
    expect(await shows(path, old)).toBe(true);
    await wordpress.run(`$id = ${id}; ${code}`);
    expect(await shows(path, now)).toBe(true);
  });
});

/** Returns the lines of a script's output that report no success. */
const failed = (output: string) =>
  output.split("\n").filter((line) => line !== "" && !line.startsWith("ok "));

const rowNames =
  "$wpdb->get_col(\"SELECT option_name FROM $wpdb->options WHERE option_name LIKE 'tidemark_purge_%'\")";

/** Makes the rows 200 seconds older, and the event of WP-Cron due. */
const agedRows = `
foreach (${rowNames} as $row) {
  $older = preg_replace_callback('/\\d+/', fn ($found) => $found[0] - 200, $row, 1);
  $wpdb->update($wpdb->options, ['option_name' => $older], ['option_name' => $row]);
}
wp_clear_scheduled_hook('tidemark_send_purges');
wp_schedule_event(time() - 1, 'tidemark_minutely', 'tidemark_send_purges');
`;
