"""The owner's colour as colours that can be read: what is chosen is corrected, not trusted.

Text on it is black or white, whichever can be read; where it is text itself, or a line around
something, it is darkened (on dark: lightened) until WCAG 2.2's AA is met. Colours are "#rrggbb".
"""

from __future__ import annotations

from chatwidget.appearance import OPTIONS, Appearance

Rgb = tuple[float, float, float]

# The contrast AA asks of text.
AA = 4.5
# What coloured text stands on: of each theme's surfaces (css/colours.css) that of least contrast.
LIGHT = "#f2f3f5"
DARK = "#26282d"
STEPS = 20


def parse(color: str) -> Rgb:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def luminance(color: str) -> float:
    """Relative luminance as WCAG defines it, 0 to 1."""
    red, green, blue = (
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in parse(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def text_on(color: str) -> str:
    """Of white and black the one to read on `color`; one of them always has AA."""
    return "#ffffff" if contrast(color, "#ffffff") >= AA else "#000000"


def readable(color: str, surface: str) -> str:
    """`color`, moved towards black or white only as far as AA on `surface` needs."""
    end = "#000000" if luminance(surface) > 0.18 else "#ffffff"
    for step in range(STEPS):
        parts = (
            round(part + (target - part) * step / STEPS)
            for part, target in zip(parse(color), parse(end), strict=True)
        )
        mixed = "#" + "".join(f"{part:02x}" for part in parts)
        if contrast(mixed, surface) >= AA:
            return mixed
    return end


def properties(appearance: Appearance) -> dict[str, str]:
    """The custom properties that the frame's style is written with."""
    as_they_are = {
        option.style: f"{value}px" if isinstance(value, int) else str(value)
        for name, option in OPTIONS.items()
        if option.style and (value := getattr(appearance, name)) != ""
    }
    return as_they_are | {
        "--accent": appearance.color,
        "--on-accent": text_on(appearance.color),
        "--accent-on-light": readable(appearance.color, LIGHT),
        "--accent-on-dark": readable(appearance.color, DARK),
        "--radius": f"{min(appearance.radius, 24)}px",
    }
