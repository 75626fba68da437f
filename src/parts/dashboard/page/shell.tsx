// The page without data. The script fills it.
import { raw } from "hono/html";

/** The views, by the name of their part. */
export const views = {
  overview: "Overview",
  week: "Last week",
  tiers: "Tiers",
  purges: "Purges",
  data: "Data",
  explain: "Explain",
  switch: "Switch",
} as const;

export type ViewName = keyof typeof views;

interface ShellProps {
  readonly styleName: string;
  readonly scriptName: string;
}

export function Shell({ styleName, scriptName }: ShellProps) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>Tidemark</title>
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href={`dashboard/${styleName}`} />
          <script src={`dashboard/${scriptName}`} defer />
        </head>
        <body>
          <a class="skip" href="#main">
            Skip to the content
          </a>
          <header>
            <h1>Tidemark</h1>
            <p id="state" />
            <button id="sign-out" type="button" hidden>
              Sign out
            </button>
          </header>
          <nav id="views" aria-label="Views" hidden>
            {Object.entries(views).map(([name, title]) => (
              <a href={`#${name}`}>{title}</a>
            ))}
          </nav>
          <main id="main" tabindex={-1}>
            <noscript>
              <p class="notice">This page needs JavaScript.</p>
            </noscript>
            <div id="problem" role="alert" />
            <form id="sign-in" hidden>
              <h2>Sign in</h2>
              <label>
                Token of the dashboard
                <input id="token" type="password" required autocomplete="off" spellcheck={false} />
              </label>
              <p class="quiet">
                Run <code>npx tidemark dashboard</code> on your machine, and paste its token. It can
                only read, and expires within an hour. This tab keeps it until you close the tab or
                sign out. Never type ADMIN_TOKEN into a page.
              </p>
              <button>Sign in</button>
            </form>
            <div id="view" />
          </main>
        </body>
      </html>
    </>
  );
}
