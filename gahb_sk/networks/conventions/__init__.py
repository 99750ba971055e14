"""How other people's networks want images and noise levels: small modules that convert, nested."""
