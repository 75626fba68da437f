// Serves the built site on Node.
import { serve } from "@hono/node-server";
import site from "./dist/server/server.js";

const { PORT = "3000", HOST } = process.env;
serve({ fetch: site.fetch, port: Number(PORT), hostname: HOST }, ({ port }) => {
  console.log(`listening on http://localhost:${port}`);
});
