/** Style of a report; it is inside the page, which needs no other file. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
.headline { font-size: 1.1rem; margin: .2rem 0 1rem; }
.alert { background: #fdeaea; color: #c02a2a; padding: .4rem .7rem; border-radius: 6px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid light-dark(#dde2e9, #303742); white-space: nowrap; }
td:last-child { white-space: normal; }
th, time, small { color: light-dark(#5b6675, #98a3b3); font-weight: 500; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; }
.charts figure:first-child { grid-column: 1 / -1; }
figure { margin: 0; } figcaption { font-weight: 600; } figcaption span { margin-left: .8rem; } figcaption i { display: inline-block; width: .7em; height: .7em; margin-right: .3em; border-radius: 2px; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: light-dark(#5b6675, #98a3b3); }
.grid { stroke: light-dark(#dde2e9, #303742); } .mark { stroke: light-dark(#1a1f27, #e6e9ee); stroke-dasharray: 3 3; }
ol { font-size: .88rem; padding-left: 0; list-style: none; } .warn { color: light-dark(#8a5a00, #f0b429); } .error, .truth { color: light-dark(#c02a2a, #ff7b72); }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .8rem; list-style: none; padding: 0; }
.samples li { border: 1px solid light-dark(#dde2e9, #303742); border-left: 3px solid #18794e; border-radius: 6px; padding: .5rem; } .samples .wrong { border-left-color: #c02a2a; }
.samples img { width: 100%; image-rendering: pixelated; } .samples p { margin: .2rem 0 0; }
pre { overflow-x: auto; font-size: .8rem; }
`;
