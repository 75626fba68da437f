// The pages of one reader. These routes bypass the cache, and the responses are `private`, so that
// no other reader gets them.
import { Hono } from "hono";
import { html } from "hono/html";
import { feed } from "./feed.ts";
import { cards, signInForm } from "./pages.ts";
import { profile, saveGreeting } from "./profiles.ts";
import { sendPage } from "./public-routes.ts";
import { sentIn } from "./sent.ts";
import { readerOf, signIn } from "./session.ts";

export const readerRoutes = new Hono();

readerRoutes.use("/me/*", async (c, next) => {
  await next();
  c.header("Cache-Control", "private, no-store");
});

/** Sends a page for one reader. Its lists come from cached values that all readers share. */
readerRoutes.get("/me", async (c) => {
  const reader = await readerOf(c);
  const found = reader === undefined ? null : await profile(reader);
  if (found === null) return sendPage(c, "Sign in", signInForm, 403);
  const lists = await Promise.all(found.follows.map((section) => feed(section, 5)));
  const newest = lists.flat().sort((one, other) => other.publishedAtMs - one.publishedAtMs);
  return sendPage(
    c,
    "Yours",
    html`<h1>${found.greeting}</h1>
      ${cards(newest)}`,
  );
});

readerRoutes.post("/session", async (c) => {
  const { name = "", password = "" } = await sentIn(c);
  const isRight = await signIn(c, name, password);
  return isRight ? c.redirect("/me", 303) : sendPage(c, "Sign in", signInForm, 403);
});

readerRoutes.get("/me/profile", async (c) => {
  const reader = await readerOf(c);
  return reader === undefined ? c.json(null, 403) : c.json(await profile(reader));
});

readerRoutes.put("/me/profile", async (c) => {
  const reader = await readerOf(c);
  const { greeting = "" } = await sentIn(c);
  if (greeting === "") return c.json(null, 400);
  const tiers = reader === undefined ? null : await saveGreeting(reader, greeting);
  return tiers === null ? c.json(null, 403) : c.json({ tiers });
});
