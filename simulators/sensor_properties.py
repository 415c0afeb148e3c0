"""The properties that tell of the sensor, and by which it is set."""

from __future__ import annotations

from indistack.faces.indi_device.kernel.properties import Element, Vector, number, numbers, switches, texts

from .scenario import Scenario

MAIN, IMAGE, SETTINGS, OPTIONS, INFO = "Main Control", "Image Settings", "Image Info", "Options", "General Info"
ISO_VALUES = (100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600)


def iso_switch(iso: Vector, value: float) -> str:
    """Return the name of the switch whose ISO number is nearest to a value."""
    return min(iso.elements, key=lambda member: abs(float(member.label) - value)).name


def frame(scenario: Scenario) -> Vector:
    wide, high = scenario.width_px, scenario.height_px
    return numbers(
        "CCD_FRAME",
        "Frame",
        IMAGE,
        number("X", "Left", 0, 0, wide - 1, "%4.0f"),
        number("Y", "Top", 0, 0, high - 1, "%4.0f"),
        number("WIDTH", "Width", wide, 1, wide, "%4.0f"),
        number("HEIGHT", "Height", high, 1, high, "%4.0f"),
    )


def binning() -> Vector:
    return numbers(
        "CCD_BINNING",
        "Binning",
        IMAGE,
        number("HOR_BIN", "X", 1, 1, 4, "%2.0f", 1),
        number("VER_BIN", "Y", 1, 1, 4, "%2.0f", 1),
    )


def temperature(scenario: Scenario) -> Vector:
    return numbers(
        "CCD_TEMPERATURE",
        "Temperature",
        MAIN,
        number("CCD_TEMPERATURE_VALUE", "Temperature (C)", scenario.temperature_c, -80, 60, "%5.2f"),
    )


def cooler() -> Vector:
    return switches("CCD_COOLER", "Cooler", MAIN, {"COOLER_ON": "On", "COOLER_OFF": "Off"}, "COOLER_ON")


def gain(scenario: Scenario) -> Vector:
    return numbers("CCD_GAIN", "Gain", MAIN, number("GAIN", "Gain", scenario.gain_setting, 0, 600, step=1))


def offset(scenario: Scenario) -> Vector:
    return numbers("CCD_OFFSET", "Offset", MAIN, number("OFFSET", "Offset", scenario.offset_setting, 0, 1000, step=1))


def info(scenario: Scenario) -> Vector:
    return numbers(
        "CCD_INFO",
        "CCD Information",
        SETTINGS,
        number("CCD_MAX_X", "Max. Width", scenario.width_px, 1, 20000, "%4.0f"),
        number("CCD_MAX_Y", "Max. Height", scenario.height_px, 1, 20000, "%4.0f"),
        number("CCD_PIXEL_SIZE", "Pixel size (um)", scenario.pixel_um, 0, 100, "%5.2f"),
        number("CCD_PIXEL_SIZE_X", "Pixel size X", scenario.pixel_um, 0, 100, "%5.2f"),
        number("CCD_PIXEL_SIZE_Y", "Pixel size Y", scenario.pixel_um, 0, 100, "%5.2f"),
        number("CCD_BITSPERPIXEL", "Bits per pixel", 16, 8, 64, "%3.0f"),
        perm="ro",
    )


def capture_format(scenario: Scenario) -> Vector:
    if scenario.personality == "dslr":
        formats = {"INDI_RAW": "RAW 16", "INDI_JPEG": "JPEG"}
        chosen = "INDI_JPEG" if scenario.native_format == "jpg" else "INDI_RAW"
    else:
        formats = {"INDI_RAW": "RAW 16"} if scenario.is_colour else {"INDI_MONO": "Mono 16"}
        chosen = next(iter(formats))
    return switches("CCD_CAPTURE_FORMAT", "Format", IMAGE, formats, chosen)


def cfa(scenario: Scenario) -> Vector:
    return texts(
        "CCD_CFA",
        "Bayer Info",
        SETTINGS,
        Element("CFA_OFFSET_X", "X Offset", "0"),
        Element("CFA_OFFSET_Y", "Y Offset", "0"),
        Element("CFA_TYPE", "Filter", scenario.cfa),
        perm="ro",
    )


def iso(scenario: Scenario) -> Vector:
    vector = switches("CCD_ISO", "ISO", IMAGE, {f"ISO{i}": str(value) for i, value in enumerate(ISO_VALUES)}, "ISO0")
    vector.choose(iso_switch(vector, scenario.gain_setting))
    return vector
