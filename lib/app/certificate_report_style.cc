#include "lib/app/certificate_report_parts.h"

namespace accord::certificate_page {

// Light is the rule, for print too; dark is for screens that ask for it. Every pair of text and ground has a
// contrast of 4.5 at least (WCAG 2, AA), which tests/cli/report_test.py measures.
std::string_view style_sheet() {
  return R"(:root{--ground:#fff;--box:#f5f7fa;--ink:#18202c;--muted:#52606f;--line:#c5ced9;--grid:#e3e8ee;
--strong:#1c5aa6;--valid:#a9c5e8;--good:#17663a;--good-ground:#e5f5ea;--warn:#7d4b00;--warn-ground:#fff2d6;
--bad:#a3161a;--bad-ground:#fdeaea;--warn-bar:#d98b00;--bad-bar:#c9252b;--shade:#e8eef6}
@media screen and (prefers-color-scheme:dark){:root{--ground:#12161c;--box:#1b212a;--ink:#e9eef4;--muted:#aab6c4;
--line:#44505e;--grid:#28303a;--strong:#78b0f5;--valid:#38587f;--good:#7fd6a0;--good-ground:#12301f;--warn:#f4c675;
--warn-ground:#382a0d;--bad:#ff9d98;--bad-ground:#401a1b;--warn-bar:#e0a030;--bad-bar:#f0605c;--shade:#1f2937}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.25rem;max-width:70rem;background:var(--ground);color:var(--ink);
font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
h1{margin:0;font-size:1.6rem;line-height:1.2}
h2{margin:2.25rem 0 .75rem;font-size:1.25rem;border-bottom:2px solid var(--line);padding-bottom:.25rem}
h3{margin:1.25rem 0 .5rem;font-size:1.05rem}
p,ul,ol,dl,figure{margin:0 0 .75rem}
small{color:var(--muted);font-size:.85rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875rem}
header p,footer p{margin:.25rem 0 0;color:var(--muted)}
header .kind{margin:0;font-weight:600;letter-spacing:.02em}
footer{margin-top:2.5rem;border-top:1px solid var(--line);font-size:.875rem}
.icon{width:1.1em;height:1.1em;flex:none;vertical-align:-.18em;fill:none;stroke:currentColor;stroke-width:1.7;
stroke-linejoin:round;overflow:visible}
.good{--tone:var(--good);--tone-ground:var(--good-ground)}
.warn{--tone:var(--warn);--tone-ground:var(--warn-ground)}
.bad{--tone:var(--bad);--tone-ground:var(--bad-ground)}
.neutral{--tone:var(--muted);--tone-ground:var(--box)}
.verdict{display:flex;gap:.85rem;align-items:center;margin:1.25rem 0 1rem;padding:1rem 1.1rem;font-size:1.1rem;
color:var(--tone);background:var(--tone-ground);border:1px solid var(--tone);border-left-width:.5rem;border-radius:.4rem}
.verdict .icon{width:2.2rem;height:2.2rem}
.verdict strong{display:block;font-size:1.5rem;line-height:1.2}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem}
.figures div{padding:.6rem .8rem;background:var(--box);border:1px solid var(--line);border-radius:.4rem}
.figures dt{color:var(--muted);font-size:.875rem}
.figures dd{margin:0;font-size:.9rem}
.figures b{display:block;font-size:1.2rem}
.decision strong{font-size:1.1rem}
.decision small{display:block}
.commands{padding-left:1.6rem}
.commands li{margin-bottom:.5rem}
pre{margin:0;padding:.5rem .7rem;background:var(--box);border:1px solid var(--line);border-radius:.3rem;
white-space:pre-wrap}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
th,td{padding:.5rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{color:var(--muted);font-size:.875rem}
td small,td bdi,th bdi{overflow-wrap:anywhere}
td small{display:block}
.findings{table-layout:fixed}
.findings th:nth-child(1){width:8.75rem}
.findings th:nth-child(2){width:8.5rem}
.findings th:nth-child(3){width:15%}
.badge{display:inline-block;white-space:nowrap;padding:.05rem .45rem;color:var(--tone);background:var(--tone-ground);
border:1px solid var(--tone);border-radius:1rem;font-size:.8125rem;font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.25rem;padding:0;list-style:none;color:var(--muted);font-size:.875rem}
figure{margin:1rem 0 1.5rem}
figcaption{margin-bottom:.4rem;color:var(--muted);font-size:.9rem}
.chart{display:block;width:100%;height:auto}
.chart.narrow{display:none;max-width:30rem}
.chart.key{display:inline-block;width:1.5rem;height:1rem;vertical-align:-.15rem}
.chart text{font-size:12px;fill:var(--ink);stroke:var(--ground);stroke-width:3px;stroke-linejoin:round;
paint-order:stroke;unicode-bidi:isolate}
.chart .name{font-weight:700}
.chart .tick,.chart .now-label{text-anchor:middle}
.chart .tick,.chart .label{fill:var(--muted)}
.chart .now-label{font-weight:700}
.chart .left{text-anchor:end}
.chart .axis{stroke:var(--muted)}
.chart .grid,.chart .base{stroke:var(--grid)}
.chart .now{stroke:var(--ink);stroke-width:1.6}
.chart .handover{stroke:var(--strong);stroke-width:1.4;stroke-dasharray:4 3}
.chart .mark{stroke:var(--ink)}
.chart .faint{stroke-opacity:.35}
.chart .close-up{fill:var(--shade)}
.chart .valid{fill:var(--valid)}
.chart .signs,.chart .over{fill:var(--strong)}
.chart .tail,.chart .keyless,.chart .planned{fill:var(--ground);stroke:var(--strong);stroke-width:1.5}
.chart .tail{stroke-dasharray:3 2}
.chart .keyless{stroke:var(--bad-bar)}
.chart .planned{stroke-dasharray:6 3}
.chart .warning{fill:var(--warn-bar)}
.chart .critical{fill:var(--bad-bar)}
.map{display:grid;grid-template-columns:minmax(0,1fr) 9rem;column-gap:0}
.map .side{grid-column:1;margin-bottom:1rem}
.map .side h3{margin-top:0}
.map ul{margin:0;padding:0;list-style:none}
.we{grid-column:2;grid-row:1/span 2;padding:1rem .6rem;color:var(--ink);background:var(--shade);
border:2px solid var(--strong);border-radius:.4rem;text-align:center}
.we-label{position:sticky;top:1rem}
.we small{display:block;color:var(--ink)}
.party{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);align-items:center;margin-bottom:.9rem}
.box{padding:.6rem .75rem;background:var(--box);border:1px solid var(--line);border-radius:.4rem}
.box small{display:block}
.arrows{padding:0 2px}
.arrow{--tone:var(--good);position:relative;margin:0 0 .4rem;padding:.15rem .8rem .3rem;font-size:.9rem;
border-bottom:2px solid var(--tone)}
.arrow>.icon{color:var(--tone)}
.arrow small{display:block}
.arrow.broken{--tone:var(--bad);border-bottom-style:dashed}
.arrow.late{--tone:var(--warn)}
.arrow.none{--tone:var(--muted);border-bottom-style:none}
.arrow.in::after,.arrow.out::after{content:"";position:absolute;bottom:-6px;border:5px solid transparent}
.arrow.in::after{right:0;border-left:9px solid var(--tone);border-right-width:0}
.arrow.out::after{left:0;border-right:9px solid var(--tone);border-left-width:0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem}
.card{padding:.75rem;border:1px solid var(--line);border-radius:.4rem;min-width:0}
.card h3{margin-top:0}
.fields{font-size:.875rem}
.fields th{width:8rem;color:var(--muted);font-weight:600}
.fields th,.fields td{padding:.3rem .4rem}
.fields tr:last-child>*{border-bottom:0}
@media screen and (min-width:60rem){
.map.two-sided{grid-template-columns:minmax(0,1fr) 11rem minmax(0,1fr)}
.map.two-sided .servers{grid-column:3;grid-row:1}
.map.two-sided .we{grid-row:1}
.map.two-sided .servers h3{padding-left:.6rem}
.map.two-sided .servers .box{order:2}
.map.two-sided .servers .arrow.in::after{right:auto;left:0;border:5px solid transparent;border-left-width:0;
border-right:9px solid var(--tone)}
.map.two-sided .servers .arrow.out::after{left:auto;right:0;border:5px solid transparent;border-right-width:0;
border-left:9px solid var(--tone)}}
@media screen and (max-width:43rem){
body{padding:.65rem}
h1{font-size:1.35rem}
.chart.wide{display:none}
.chart.narrow{display:block}
.stacking,.stacking tbody,.stacking tr,.stacking th,.stacking td{display:block}
.stacking thead{display:none}
.stacking tr{margin-bottom:.75rem;padding:.3rem .2rem;border:1px solid var(--line);border-radius:.4rem}
.stacking th,.stacking td{padding:.25rem .5rem;border:0}
.stacking td::before{content:attr(data-label) ": ";color:var(--muted);font-size:.875rem;font-weight:600}
.findings th[scope=row]{width:auto}
.map{grid-template-columns:minmax(0,1fr) 2.1rem}
.map .party{display:block;margin-bottom:1.2rem}
.map .box{margin-right:.5rem}
.map .arrows{padding:.3rem .2rem 0 .6rem}
.we{padding:.6rem .1rem}
.we-label{writing-mode:vertical-rl}
.we small{display:inline;margin-top:.6rem}
.fields th{width:6.5rem}}
@page{margin:14mm 12mm}
@media print{
body{max-width:none;padding:0;font-size:10pt}
h2,h3,h2+p,figcaption,.legend{break-after:avoid}
.cards{grid-template-columns:1fr;gap:.5rem}
.card{padding:.4rem .6rem}
.fields{line-height:1.25}
.fields th,.fields td{padding:.1rem .4rem}
table,small{font-size:8.5pt}
.stacking th,.stacking td{padding:.2rem .4rem}
tr,li,figure,.card,.verdict,.figures div,.party,pre{break-inside:avoid}
.verdict,.badge,.box,.card,.figures div,pre,.we{background:none}
.we-label{position:static}}
)";
}

}  // namespace accord::certificate_page
