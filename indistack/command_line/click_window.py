"""A window in which boxes are marked, each by two clicks; of Python's own tkinter, which not every system installs."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Sequence

import cv2

from indistack.values.frame import PixelArray

MARGIN_PX = 160
"""What title, text and the desktop's bars take of a screen."""
COLOURS = ("yellow", "cyan")

Corners = tuple[tuple[float, float], tuple[float, float]]
"""Two opposite corners of a box, (x, y) as shares of the picture."""


class ClickWindow:
    """Shows a picture and takes two clicks for each box. The right button takes the last click back.

    Parameters
    ----------
    picture_within : callable
        Returns a picture, ``(h, w)`` or ``(h, w, 3)`` uint8 RGB, whose longest side is at most so many pixels.
    prompts : sequence of str
        What each box is for.

    Raises
    ------
    tkinter.TclError
        There is no display.
    """

    def __init__(self, picture_within: Callable[[int], PixelArray], prompts: Sequence[str]) -> None:
        self._prompts = prompts
        self._clicks: list[tuple[float, float]] = []
        self._root = tkinter.Tk()
        self._root.title("indistack")
        self._root.resizable(False, False)
        side_px = max(200, min(self._root.winfo_screenwidth(), self._root.winfo_screenheight()) - MARGIN_PX)
        picture = picture_within(side_px)
        self._size_px = picture.shape[1], picture.shape[0]
        self._text = tkinter.Label(self._root)
        self._text.pack()
        self.canvas = tkinter.Canvas(
            self._root, width=picture.shape[1], height=picture.shape[0], highlightthickness=0, cursor="crosshair"
        )
        self.canvas.pack()
        self._image = tkinter.PhotoImage(master=self._root, data=_ppm(picture))  # goes where nobody holds it
        self.canvas.create_image(0, 0, image=self._image, anchor="nw")
        self.canvas.bind("<Button-1>", self._click)
        self.canvas.bind("<Button-3>", self._take_back)
        self._root.bind("<Escape>", lambda _: self._root.quit())
        self._root.protocol("WM_DELETE_WINDOW", self._root.quit)
        self._draw()

    def run(self) -> list[Corners]:
        """Return the boxes when all are marked; fewer where the window was closed. It is gone after that."""
        try:
            self._root.mainloop()
        finally:
            self._root.destroy()
        width, height = self._size_px
        shares = [((x + 0.5) / width, (y + 0.5) / height) for x, y in self._clicks]
        return list(zip(shares[::2], shares[1::2], strict=False))

    def _click(self, event: tkinter.Event[tkinter.Canvas]) -> None:
        self._clicks.append((float(event.x), float(event.y)))
        self._draw()
        if len(self._clicks) == 2 * len(self._prompts):
            self._root.quit()

    def _take_back(self, _: tkinter.Event[tkinter.Canvas]) -> None:
        del self._clicks[-1:]
        self._draw()

    def _draw(self) -> None:
        """Draw what is marked, and say what is wanted next."""
        self.canvas.delete("mark")
        for number, (x, y) in enumerate(self._clicks):
            colour = COLOURS[number // 2 % len(COLOURS)]
            if number % 2:
                self.canvas.create_rectangle(*self._clicks[number - 1], x, y, outline=colour, tags="mark")
            else:
                self.canvas.create_oval(x - 3, y - 3, x + 3, y + 3, outline=colour, tags="mark")
        box, corner = divmod(len(self._clicks), 2)
        if box < len(self._prompts):
            which = "the opposite corner" if corner else "one corner"
            self._text.configure(text=f"{self._prompts[box]}: click {which}; right button: back, Esc: give up")


def _ppm(picture: PixelArray) -> bytes:
    """Return a picture as tkinter reads it."""
    coloured = picture if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    return b"P6 %d %d 255\n" % (coloured.shape[1], coloured.shape[0]) + coloured.tobytes()
