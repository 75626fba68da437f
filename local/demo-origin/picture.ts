// Draws a picture for each article from its slug: sea, hills, and a light above them.
import { createHash } from "node:crypto";

const widthPx = 960;
const heightPx = 540;

interface Palette {
  sky: readonly [string, string];
  light: string;
  layers: readonly [string, string, string, string];
}

const palettes: readonly [Palette, ...Palette[]] = [
  {
    sky: ["#f6d9b0", "#e79b73"],
    light: "#fff3d6",
    layers: ["#b56a5d", "#7d4a57", "#45384f", "#232640"],
  },
  {
    sky: ["#cfe6ea", "#8fbcc9"],
    light: "#ffffff",
    layers: ["#6c9fae", "#467d90", "#285a70", "#123a4f"],
  },
  {
    sky: ["#2b3154", "#585a8c"],
    light: "#f4e9c1",
    layers: ["#3c4273", "#2c3159", "#1d2142", "#10132b"],
  },
  {
    sky: ["#e9ecdc", "#b9c9a4"],
    light: "#fffbe8",
    layers: ["#8aa67d", "#5f8465", "#3c624f", "#1f4039"],
  },
  {
    sky: ["#f3e3e6", "#d3a5b1"],
    light: "#fff6f0",
    layers: ["#a9778d", "#7a5676", "#513e5d", "#2f2a45"],
  },
];

/** Returns the same bytes for the same slug. */
export function drawPicture(slug: string): string {
  const digest = createHash("sha256").update(slug).digest();
  const byte = (at: number): number => digest[at] ?? 0;
  const { sky, light, layers } = palettes[byte(0) % palettes.length] ?? palettes[0];
  const sunX = 140 + Math.round((byte(1) / 255) * (widthPx - 280));
  const sunY = 110 + Math.round((byte(2) / 255) * 130);
  const radius = 34 + (byte(3) % 40);
  const waves = layers.map((fill, layer) => {
    const path = wavePath({
      baseY: 260 + layer * 70,
      swing: 44 - layer * 9,
      bends: 1 + (byte(8 + layer) % 3) + layer,
      phase: (byte(12 + layer) / 255) * Math.PI * 2,
    });
    return `<path fill="${fill}" d="${path}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${widthPx} ${heightPx}">
<defs><linearGradient id="sky" x2="0" y2="1">
<stop stop-color="${sky[0]}"/><stop offset="1" stop-color="${sky[1]}"/>
</linearGradient></defs>
<rect width="${widthPx}" height="${heightPx}" fill="url(#sky)"/>
<circle cx="${sunX}" cy="${sunY}" r="${radius * 2}" fill="${light}" opacity=".25"/>
<circle cx="${sunX}" cy="${sunY}" r="${radius}" fill="${light}"/>
${waves.join("\n")}
</svg>
`;
}

function wavePath(wave: { baseY: number; swing: number; bends: number; phase: number }): string {
  const points: string[] = [];
  for (let x = 0; x <= widthPx; x += 24) {
    const angle = (x / widthPx) * Math.PI * 2 * wave.bends + wave.phase;
    const y = wave.baseY + Math.sin(angle) * wave.swing + Math.sin(angle * 2.3) * wave.swing * 0.3;
    points.push(`${x} ${y.toFixed(1)}`);
  }
  return `M0 ${heightPx}L${points.join("L")}L${widthPx} ${heightPx}Z`;
}
