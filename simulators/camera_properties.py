"""The INDI properties of a simulated camera, named and shaped as libindi's camera drivers have them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from simulators.observatory import Kind
from simulators.properties import Element, Vector, number, numbers, switches, texts
from simulators.scenario import Scenario

MAIN, IMAGE, SETTINGS, OPTIONS, INFO = "Main Control", "Image Settings", "Image Info", "Options", "General Info"
ISO_VALUES = (100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600)
# INDI::BaseDevice::CCD_INTERFACE.
CAMERA_INTERFACE = 2
FRAME_KINDS: dict[str, Kind] = {
    "FRAME_LIGHT": "light",
    "FRAME_BIAS": "bias",
    "FRAME_DARK": "dark",
    "FRAME_FLAT": "flat",
}


@dataclass(frozen=True, slots=True)
class CameraProperties:
    """All properties that exist while the camera is connected; those of the other personality are None."""

    exposure: Vector
    abort: Vector
    info: Vector
    frame: Vector
    frame_reset: Vector
    binning: Vector
    frame_type: Vector
    transfer_format: Vector
    capture_format: Vector
    compression: Vector
    upload_mode: Vector
    upload_settings: Vector
    file_path: Vector
    fits_header: Vector
    scope: Vector
    image: Vector
    cfa: Vector | None
    iso: Vector | None
    temperature: Vector | None
    cooler: Vector | None
    gain: Vector | None
    offset: Vector | None

    def all(self) -> list[Vector]:
        """Return the properties that this camera has, in the order in which they are defined."""
        vectors = (getattr(self, item.name) for item in fields(self))
        return [vector for vector in vectors if vector is not None]


def connection_property() -> Vector:
    """Return the switch by which clients connect and disconnect."""
    members = {"CONNECT": "Connect", "DISCONNECT": "Disconnect"}
    return switches("CONNECTION", "Connection", MAIN, members, "DISCONNECT")


def driver_info(program: str) -> Vector:
    """Return what tells clients that this device is a camera."""
    return texts(
        "DRIVER_INFO",
        "Driver Info",
        INFO,
        Element("DRIVER_NAME", "Name", "Indistack simulator"),
        Element("DRIVER_EXEC", "Exec", program),
        Element("DRIVER_VERSION", "Version", "1.0"),
        Element("DRIVER_INTERFACE", "Interface", str(CAMERA_INTERFACE)),
        perm="ro",
    )


def camera_properties(scenario: Scenario) -> CameraProperties:
    """Return the properties of a camera with the scenario's sensor and personality."""
    is_dslr = scenario.personality == "dslr"
    wide, high = scenario.width_px, scenario.height_px
    temperature_c = scenario.temperature_c
    return CameraProperties(
        exposure=numbers(
            "CCD_EXPOSURE", "Expose", MAIN, number("CCD_EXPOSURE_VALUE", "Duration (s)", 1, 0.001, 3600, "%5.2f", 1)
        ),
        abort=switches("CCD_ABORT_EXPOSURE", "Abort", MAIN, {"ABORT": "Abort"}, rule="AtMostOne"),
        info=_info(scenario),
        frame=numbers(
            "CCD_FRAME",
            "Frame",
            IMAGE,
            number("X", "Left", 0, 0, wide - 1, "%4.0f"),
            number("Y", "Top", 0, 0, high - 1, "%4.0f"),
            number("WIDTH", "Width", wide, 1, wide, "%4.0f"),
            number("HEIGHT", "Height", high, 1, high, "%4.0f"),
        ),
        frame_reset=switches("CCD_FRAME_RESET", "Frame Values", IMAGE, {"RESET": "Reset"}, rule="AtMostOne"),
        binning=numbers(
            "CCD_BINNING",
            "Binning",
            IMAGE,
            number("HOR_BIN", "X", 1, 1, 4, "%2.0f", 1),
            number("VER_BIN", "Y", 1, 1, 4, "%2.0f", 1),
        ),
        frame_type=switches(
            "CCD_FRAME_TYPE",
            "Frame Type",
            IMAGE,
            {key: kind.title() for key, kind in FRAME_KINDS.items()},
            "FRAME_LIGHT",
        ),
        transfer_format=switches(
            "CCD_TRANSFER_FORMAT", "Encode", IMAGE, {"FORMAT_FITS": "FITS", "FORMAT_NATIVE": "Native"}, "FORMAT_FITS"
        ),
        capture_format=_capture_format(scenario),
        compression=switches(
            "CCD_COMPRESSION",
            "Compression",
            IMAGE,
            {"INDI_ENABLED": "Enabled", "INDI_DISABLED": "Disabled"},
            "INDI_DISABLED",
        ),
        upload_mode=switches(
            "UPLOAD_MODE",
            "Upload",
            OPTIONS,
            {"UPLOAD_CLIENT": "Client", "UPLOAD_LOCAL": "Local", "UPLOAD_BOTH": "Both"},
            "UPLOAD_CLIENT",
        ),
        upload_settings=texts(
            "UPLOAD_SETTINGS",
            "Upload Settings",
            OPTIONS,
            Element("UPLOAD_DIR", "Dir", str(Path.home())),
            Element("UPLOAD_PREFIX", "Prefix", "IMAGE_XXX"),
        ),
        file_path=texts("CCD_FILE_PATH", "Filename", SETTINGS, Element("FILE_PATH", "Path"), perm="ro"),
        fits_header=texts(
            "FITS_HEADER",
            "FITS Header",
            INFO,
            Element("FITS_OBSERVER", "Observer"),
            Element("FITS_OBJECT", "Object"),
        ),
        scope=numbers(
            "SCOPE_INFO",
            "Scope",
            OPTIONS,
            number("FOCAL_LENGTH", "Focal Length (mm)", scenario.focal_length_mm, 1, 100000),
            number("APERTURE", "Aperture (mm)", scenario.focal_length_mm / 5, 1, 100000),
        ),
        image=Vector("BLOB", "CCD1", "Image Data", SETTINGS, [Element("CCD1", "Image")], perm="ro"),
        cfa=_cfa(scenario) if scenario.is_colour else None,
        iso=_iso(scenario) if is_dslr else None,
        temperature=None
        if is_dslr
        else numbers(
            "CCD_TEMPERATURE",
            "Temperature",
            MAIN,
            number("CCD_TEMPERATURE_VALUE", "Temperature (C)", temperature_c, -80, 60, "%5.2f"),
        ),
        cooler=None
        if is_dslr
        else switches("CCD_COOLER", "Cooler", MAIN, {"COOLER_ON": "On", "COOLER_OFF": "Off"}, "COOLER_ON"),
        gain=None
        if is_dslr
        else numbers("CCD_GAIN", "Gain", MAIN, number("GAIN", "Gain", scenario.gain_setting, 0, 600, step=1)),
        offset=None
        if is_dslr
        else numbers(
            "CCD_OFFSET", "Offset", MAIN, number("OFFSET", "Offset", scenario.offset_setting, 0, 1000, step=1)
        ),
    )


def iso_switch(iso: Vector, value: float) -> str:
    """Return the name of the switch whose ISO number is nearest to a value."""
    return min(iso.elements, key=lambda member: abs(float(member.label) - value)).name


def _info(scenario: Scenario) -> Vector:
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


def _capture_format(scenario: Scenario) -> Vector:
    if scenario.personality == "dslr":
        formats = {"INDI_RAW": "RAW 16", "INDI_JPEG": "JPEG"}
        chosen = "INDI_JPEG" if scenario.native_format == "jpg" else "INDI_RAW"
    else:
        formats = {"INDI_RAW": "RAW 16"} if scenario.is_colour else {"INDI_MONO": "Mono 16"}
        chosen = next(iter(formats))
    return switches("CCD_CAPTURE_FORMAT", "Format", IMAGE, formats, chosen)


def _cfa(scenario: Scenario) -> Vector:
    return texts(
        "CCD_CFA",
        "Bayer Info",
        SETTINGS,
        Element("CFA_OFFSET_X", "X Offset", "0"),
        Element("CFA_OFFSET_Y", "Y Offset", "0"),
        Element("CFA_TYPE", "Filter", scenario.cfa),
        perm="ro",
    )


def _iso(scenario: Scenario) -> Vector:
    vector = switches("CCD_ISO", "ISO", IMAGE, {f"ISO{i}": str(value) for i, value in enumerate(ISO_VALUES)}, "ISO0")
    vector.choose(iso_switch(vector, scenario.gain_setting))
    return vector
