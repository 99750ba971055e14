from ._hub import pull_pretrained as pull_pretrained, push_pretrained as push_pretrained
from ._pairs import load_pairs as load_pairs
from ._pretrained import (
    list_pairs as list_pairs,
    list_pretrained as list_pretrained,
    load_pretrained as load_pretrained,
    read_card as read_card,
)
