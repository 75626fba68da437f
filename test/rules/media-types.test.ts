// Tests which media types contradict which extensions.
import { expect, it } from "vitest";
import { responseMediaTypes, typesAgainst } from "../../src/rules/media-types.ts";

it.each([
  [".css", "text/css", "text/html text/plain text/javascript application/json"],
  [
    ".js .mjs .cjs",
    "text/javascript application/x-javascript text/ecmascript application/node",
    "text/html text/plain application/json",
  ],
  [
    ".png .jpg .jpeg .gif .webp .avif .svg .ico .heic .jfif .psd",
    "image/jpeg image/svg+xml video/webm",
    "text/html text/xml application/json",
  ],
  [
    ".woff .woff2 .ttf .otf .eot",
    "font/woff2 application/font-woff application/x-font-ttf application/vnd.ms-fontobject",
    "text/html image/png",
  ],
  [
    ".mp4 .webm .mp3 .ogg .mov .mkv .aac .opus .avi .m3u .mid",
    "video/mp4 audio/mpeg application/ogg application/x-mpegurl",
    "text/html image/png text/plain application/json",
  ],
  [".pdf", "application/pdf application/x-pdf", "text/html text/plain application/zip"],
  [
    ".zip .csv .docx .exe .m3u8 .wasm .xz .zst .tgz .deb .jar .swf .ps .rtf .epub .key .stl .ts .vtt",
    "application/zip text/csv text/plain application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/html application/xhtml+xml application/problem+json text/xml",
  ],
  [".map .mpd .webmanifest", "application/json application/dash+xml", "text/html"],
  [".json .xml .txt .html .md .php .c .yaml .rss .com .123 .x .cssx css", "text/html", ""],
])("of %s: %s fit, and %s do not", (extensions, fitting, against) => {
  for (const extension of extensions.split(" ")) {
    const paths = [`/a/b${extension}`];
    const never = against === "" ? [] : against.split(" ");
    const always = ["application/octet-stream", "binary/octet-stream", ""];
    expect(typesAgainst(paths, [...fitting.split(" "), ...never, ...always])).toEqual(never);
  }
});

it("each path and each of several types counts", () => {
  const types = responseMediaTypes(new Headers({ "content-type": 'text/css, Text/HTML; a="b,c"' }));
  expect(types).toEqual(["text/css", "text/html"]);
  expect(typesAgainst(["/a", "/a.css"], types)).toEqual(["text/html"]);
  expect(typesAgainst(["/a.css", "/a.png"], ["text/css"])).toEqual(["text/css"]);
  expect(responseMediaTypes(new Headers())).toEqual([]);
  const many = new Headers({ "content-type": "text/css,".repeat(3_000) });
  expect(responseMediaTypes(many)).toHaveLength(114);
});
