"""The INDI properties of a simulated camera, named and shaped as libindi's camera drivers have them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from indistack.faces.indi_device.kernel.properties import Element, Vector, number, numbers, switches, texts

from .exposure import Kind
from .scenario import Scenario
from .sensor_properties import (
    IMAGE,
    INFO,
    MAIN,
    OPTIONS,
    SETTINGS,
    binning,
    capture_format,
    cfa,
    cooler,
    frame,
    gain,
    info,
    iso,
    offset,
    temperature,
)

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
    return CameraProperties(
        exposure=_exposure(),
        abort=switches("CCD_ABORT_EXPOSURE", "Abort", MAIN, {"ABORT": "Abort"}, rule="AtMostOne"),
        info=info(scenario),
        frame=frame(scenario),
        frame_reset=switches("CCD_FRAME_RESET", "Frame Values", IMAGE, {"RESET": "Reset"}, rule="AtMostOne"),
        binning=binning(),
        frame_type=_frame_type(),
        transfer_format=_transfer_format(),
        capture_format=capture_format(scenario),
        compression=_compression(),
        upload_mode=_upload_mode(),
        upload_settings=_upload_settings(),
        file_path=texts("CCD_FILE_PATH", "Filename", SETTINGS, Element("FILE_PATH", "Path"), perm="ro"),
        fits_header=_fits_header(),
        scope=_scope(scenario),
        image=Vector("BLOB", "CCD1", "Image Data", SETTINGS, [Element("CCD1", "Image")], perm="ro"),
        cfa=cfa(scenario) if scenario.is_colour else None,
        iso=iso(scenario) if is_dslr else None,
        temperature=None if is_dslr else temperature(scenario),
        cooler=None if is_dslr else cooler(),
        gain=None if is_dslr else gain(scenario),
        offset=None if is_dslr else offset(scenario),
    )


def _exposure() -> Vector:
    return numbers(
        "CCD_EXPOSURE", "Expose", MAIN, number("CCD_EXPOSURE_VALUE", "Duration (s)", 1, 0.001, 3600, "%5.2f", 1)
    )


def _frame_type() -> Vector:
    return switches(
        "CCD_FRAME_TYPE",
        "Frame Type",
        IMAGE,
        {key: kind.title() for key, kind in FRAME_KINDS.items()},
        "FRAME_LIGHT",
    )


def _transfer_format() -> Vector:
    return switches(
        "CCD_TRANSFER_FORMAT", "Encode", IMAGE, {"FORMAT_FITS": "FITS", "FORMAT_NATIVE": "Native"}, "FORMAT_FITS"
    )


def _compression() -> Vector:
    return switches(
        "CCD_COMPRESSION",
        "Compression",
        IMAGE,
        {"INDI_ENABLED": "Enabled", "INDI_DISABLED": "Disabled"},
        "INDI_DISABLED",
    )


def _upload_mode() -> Vector:
    return switches(
        "UPLOAD_MODE",
        "Upload",
        OPTIONS,
        {"UPLOAD_CLIENT": "Client", "UPLOAD_LOCAL": "Local", "UPLOAD_BOTH": "Both"},
        "UPLOAD_CLIENT",
    )


def _upload_settings() -> Vector:
    return texts(
        "UPLOAD_SETTINGS",
        "Upload Settings",
        OPTIONS,
        Element("UPLOAD_DIR", "Dir", str(Path.home())),
        Element("UPLOAD_PREFIX", "Prefix", "IMAGE_XXX"),
    )


def _fits_header() -> Vector:
    return texts(
        "FITS_HEADER",
        "FITS Header",
        INFO,
        Element("FITS_OBSERVER", "Observer"),
        Element("FITS_OBJECT", "Object"),
    )


def _scope(scenario: Scenario) -> Vector:
    return numbers(
        "SCOPE_INFO",
        "Scope",
        OPTIONS,
        number("FOCAL_LENGTH", "Focal Length (mm)", scenario.focal_length_mm, 1, 100000),
        number("APERTURE", "Aperture (mm)", scenario.focal_length_mm / 5, 1, 100000),
    )
