"""The report as one HTML page that needs nothing else: no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from indistack.report.left_out import as_figures
from indistack.report.markup import markup
from indistack.report.periodic import Periodic
from indistack.report.picture import as_data, picture_file
from indistack.report.reading import SubTable
from indistack.report.summary import Run, Summary, kind_of, runs
from indistack.report.svg import Axis, Bar, Series, chart, number_axis, same_scale, span, strip, time_axis
from indistack.report.text import statements
from indistack.values.frame import BoolArray, DoubleArray

COLOURS = ("r1", "r2", "r3", "r4", "r5", "r6")
"""CSS classes for the reasons of refusal; more reasons share the last one."""

LISTED_RUNS = 60

PAUSE_STEPS = 5.0
"""A pause is longer than so many times the usual time from sub to sub."""

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--ink:#1b1f24;--dim:#5b6570;--line:#d9dee3;--card:#f6f8fa;
--a:#0b66c3;--b:#c2410c;--ok:#2e8b57;--new:#0b66c3;--r1:#d97706;--r2:#c026d3;--r3:#dc2626;--r4:#7c3aed;--r5:#92400e;--r6:#6b7280}
@media(prefers-color-scheme:dark){:root{--bg:#101316;--ink:#e6e8ea;--dim:#9aa4ae;--line:#2c333a;--card:#181d22;
--a:#58a6ff;--b:#ff9e64;--ok:#3fb27f;--new:#58a6ff;--r1:#f0a540;--r2:#e879f9;--r3:#f87171;--r4:#a78bfa;--r5:#d6a77a;--r6:#9ca3af}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:1320px;background:var(--bg);color:var(--ink);
font:16px/1.45 system-ui,sans-serif}
h1{font-size:1.4rem;margin:.2rem 0 1rem}h2{font-size:1.1rem;margin:1.6rem 0 .5rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}
dt{color:var(--dim)}dd{margin:0}
@media(max-width:600px){dl{display:block}dd{margin:0 0 .5rem}}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:12px}
figure{margin:0;padding:10px;background:var(--card);border-radius:8px}figcaption{font-weight:600}
small,.dim{color:var(--dim);font-weight:400}
svg{display:block;width:100%;height:auto}
img.stack{display:block;width:100%;max-height:70vh;object-fit:contain;object-position:left;margin:0 0 1rem;
border-radius:6px}
.subs{display:grid;grid-template-columns:repeat(auto-fill,minmax(160px,1fr));gap:12px}
.subs img{display:block;width:100%;height:auto;margin:0 0 .3rem}.subs *{overflow-wrap:anywhere}
.ticks{position:relative;height:1.4em;font-size:12px;color:var(--dim)}.ticks span{position:absolute;
transform:translateX(-50%)}.ticks em{position:absolute;right:0;bottom:-.9em;font-style:normal}
svg.strip{height:36px;border-radius:6px;background:var(--card)}
svg text{font-size:12px;fill:var(--dim);text-anchor:middle}svg text.y{text-anchor:end}
.grid{stroke:var(--line);stroke-width:1;fill:none}
.dots{fill:none;stroke-width:3.2;stroke-linecap:round}.line{fill:none;stroke-width:1.6}
.dots.many{stroke-width:4.5}.dots.few{stroke-width:7}
.dots.first{stroke-width:11}path.a{stroke:var(--a)}path.b{stroke:var(--b)}path.dimmed{stroke:var(--dim)}
.accepted{fill:var(--ok);background:var(--ok)}.restarted{fill:var(--new);background:var(--new)}
.r1{fill:var(--r1);background:var(--r1)}.r2{fill:var(--r2);background:var(--r2)}.r3{fill:var(--r3);background:var(--r3)}
.r4{fill:var(--r4);background:var(--r4)}.r5{fill:var(--r5);background:var(--r5)}.r6{fill:var(--r6);background:var(--r6)}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1rem;margin:.5rem 0}.key i{display:inline-block;width:.8em;height:.8em;
border-radius:2px;margin-right:.4em}
.scroll{overflow-x:auto}table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;
border-bottom:1px solid var(--line);vertical-align:top}
"""


def as_page(summary: Summary) -> str:
    """Return the whole page."""
    title = next(filter(None, summary.subs.words("target")), summary.subs.path.parent.name)
    words = "".join(f"<dt>{markup(name)}</dt><dd>{markup(text)}</dd>" for name, text in statements(summary))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{markup(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body>'
        f"<h1>{markup(title)} <small>{summary.subs.start:%Y-%m-%d %H:%M} UTC</small></h1>{_picture(summary)}"
        f"<dl>{words}</dl>"
        f"<h2>Every sub</h2>{_outcomes(summary)}{as_figures(summary.subs)}"
        f'<h2>Mount</h2><div class="charts">{"".join(_mount(summary))}</div>'
        f'<h2>Sky and stack</h2><div class="charts">{"".join(_sky(summary))}</div></body></html>\n'
    )


def _picture(summary: Summary) -> str:
    """The stack as it is, where its picture is there."""
    path = picture_file(summary.subs.path.parent)
    data = as_data(path) if path is not None else ""
    return f'<img class="stack" src="{data}" alt="the stack">' if data else ""


def _bars(summary: Summary, found: Sequence[Run], colours: Mapping[str, str]) -> list[Bar]:
    """Every sub in its time, those in the stack first: the others are seen between them. A long pause is a gap."""
    time_s, numbers = summary.subs.time_s, summary.subs.numbers
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0
    bars = []
    for first, last, word, detail in sorted(found, key=lambda run: run[2] != "accepted"):
        own_s = time_s[first - 1 : last]
        pauses = np.flatnonzero(np.diff(own_s) > PAUSE_STEPS * step_s) + 1
        text = f"{span(numbers, first, last)}: {word} {detail}"
        for part_s in np.split(own_s, pauses):
            bars.append(Bar(part_s[0] - step_s / 2, part_s[-1] + step_s / 2, colours[word], text))
    return bars


def _outcomes(summary: Summary) -> str:
    """The strip, its key, and a table of what was not used."""
    kinds = [kind_of(line) for line in summary.subs.lines]
    words = sorted(set(kinds), key=kinds.index)
    refused = [word for word in words if word not in ("accepted", "restarted")]
    colours = {word: word for word in words} | dict(zip(refused, COLOURS, strict=False))
    colours |= dict.fromkeys(refused[len(COLOURS) :], COLOURS[-1])
    key = "".join(f'<span><i class="{colours[word]}"></i>{markup(word)} {kinds.count(word)}</span>' for word in words)
    found = runs(summary.subs)
    rows = [run for run in found if run[2] != "accepted"]
    numbers = summary.subs.numbers
    cells = [(span(numbers, a, b), word, why) for a, b, word, why in rows[:LISTED_RUNS]]
    table = "".join(f"<tr>{''.join(f'<td>{markup(text)}</td>' for text in row)}</tr>" for row in cells)
    more = f'<p class="dim">and {len(rows) - LISTED_RUNS} more</p>' if len(rows) > LISTED_RUNS else ""
    table = f'<div class="scroll"><table><tr><th>sub</th><th>what</th><th>why</th></tr>{table}</table></div>{more}'
    bars = strip(_time_axis(summary.subs), _bars(summary, found, colours))
    return f'{bars}<div class="key">{key}</div>{table if rows else ""}'


def _mount(summary: Summary) -> Iterator[str]:
    track, time = summary.track, _time_axis(summary.subs)
    if len(track) == 0:
        yield "<p>No sub was registered.</p>"
        return
    x, y = track.xy_px.T
    path = [Series(x, y, "dimmed", "line"), Series(x, y), Series(x[:1], y[:1], "b first")]
    axes = same_scale(number_axis(x), number_axis(y))
    yield chart("Path of the frame's centre, from the orange dot", *axes, path, "px", y_down=True)
    both = number_axis(np.concatenate([x, y]))
    yield chart("x (blue), y (orange)", time, both, [Series(track.time_s, x), Series(track.time_s, y, "b")], "px")
    turned = number_axis(track.rotation_deg)
    yield chart("Rotation", time, turned, [Series(track.time_s, track.rotation_deg)], "deg")
    if isinstance(summary.periodic, Periodic):
        yield _worm(summary.periodic)


def _time_axis(subs: SubTable) -> Axis:
    if subs.is_timed:
        return time_axis(subs.start, subs.time_s)
    return replace(number_axis(subs.time_s), name="subs in order")


def _worm(found: Periodic) -> str:
    axis = Axis(0, 1, tuple((share, f"{share * found.period_s:.0f} s") for share in (0, 0.25, 0.5, 0.75, 1.0)))
    subs, curve = Series(found.sub_phase, found.sub_px), Series(found.phase, found.curve_px, "b", "line")
    heights = number_axis(np.concatenate([found.sub_px, found.curve_px]))
    return chart("Periodic error", axis, heights, [subs, curve], "px")


def _sky(summary: Summary) -> Iterator[str]:
    subs = summary.subs
    time = _time_axis(subs)

    def over_time(title: str, unit: str, *names: str) -> str:
        columns = [subs.column(name) for name in names]
        series = []
        for values, colour in zip(columns, "ab", strict=False):
            series.append(Series(subs.time_s, _where(values, ~subs.used), "dimmed"))
            series.append(Series(subs.time_s, _where(values, subs.used), colour))
        return chart(title, time, number_axis(_shown(columns, summary)), series, unit)

    yield over_time("FWHM (blue), half-flux radius (orange)", "px", "fwhm_px", "hfr_px")
    yield over_time("Stars", "refused subs in grey", "stars")
    yield over_time("Transparency", "1 = the reference's", "transparency")
    yield over_time("Sky background", "ADU", "background_adu")
    yield over_time("Sky noise", "ADU per pixel", "noise_adu")
    yield over_time("Weight", "1 = the reference's", "weight")
    ideal = np.sqrt(np.maximum(np.cumsum(subs.used), 1))
    snr = [Series(subs.time_s, ideal, "dimmed", "line"), Series(subs.time_s, summary.snr, "a", "line")]
    heights = number_axis(np.concatenate([ideal, summary.snr]))
    yield chart("Signal to noise of the stack", time, heights, snr, "1 = first sub; grey: equal subs")


def _shown(columns: list[DoubleArray], summary: Summary) -> DoubleArray:
    """Values that decide the range: of the subs in the stack; a refused one may be anything."""
    values = np.concatenate([column[summary.subs.used] for column in columns])
    return values if np.isfinite(values).any() else np.concatenate(columns)


def _where(values: DoubleArray, chosen: BoolArray) -> DoubleArray:
    return np.where(chosen, values, np.nan)
