"""Memory of pictures that are done with."""

import numpy as np

from indistack.enhance import PictureSettings, render
from indistack.enhance.spare import leave, new_like, spare_pictures
from indistack.picture.linear import StackPicture


def test_what_is_left_is_taken_once_and_forgotten_at_the_end() -> None:
    picture, made = np.zeros((4, 5, 3), np.float32), np.ones((4, 5, 3), np.float32)
    with spare_pictures():
        leave(picture, made)
        assert new_like(made) is picture
        assert new_like(made) is not picture
        leave(picture, made)
    assert new_like(made) is not picture
    leave(picture, made)
    assert new_like(made) is not picture


def test_shared_memory_and_other_shapes_are_not_taken() -> None:
    picture = np.zeros((4, 5, 3), np.float32)
    with spare_pictures():
        leave(picture, picture[1:])
        assert new_like(picture) is not picture
        leave(picture[:2], picture[2:])
        assert not np.may_share_memory(new_like(picture[:2]), picture)
        leave(picture, picture.copy())
        assert new_like(picture[..., 0]).shape == (4, 5)


def test_a_chain_of_operators_makes_the_same_of_every_picture_and_changes_none() -> None:
    pixels = np.random.default_rng(1).normal(1000, 20, (90, 120, 3)).astype(np.float32)
    kept = pixels.copy()
    words = [
        "background",
        "neutral:stars=false",
        "star_colour",
        "colour_noise",
        "background",
        "colour_noise",
        "stretch",
    ]
    settings = PictureSettings(operators=words)
    once, again = (render(StackPicture(pixels), settings).pixels for _ in range(2))
    np.testing.assert_array_equal(pixels, kept)
    np.testing.assert_array_equal(once, again)
    nothing = np.full_like(pixels, np.nan)
    nothing[:60] = pixels[:60]
    assert (render(StackPicture(nothing), settings).pixels[60:] == 0).all()
