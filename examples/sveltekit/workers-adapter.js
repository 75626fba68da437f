// An adapter for Workers: `build/workers` gets the server, and the files that Cloudflare serves. It stands in for
// @sveltejs/adapter-cloudflare, whose version 8.0.0-next.6 does not build with SvelteKit 3.2.
export default () => ({
  name: "workers",
  adapt(builder) {
    const folder = "build/workers";
    builder.rimraf(folder);
    builder.writeClient(`${folder}/files`);
    builder.writePrerendered(`${folder}/files`);
    builder.generateServerInstance(`${builder.getServerDirectory()}/instance.js`);
    builder.copy(builder.getServerDirectory(), `${folder}/server`);
  },
});
