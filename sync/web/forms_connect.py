"""What a person enters to connect a side."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class AddressForm(forms.Form):
    address = forms.CharField(
        label=_("Address of your store"),
        max_length=500,
        strip=True,
        help_text=_("As it stands in your browser, for example https://shop.example.com."),
        widget=forms.TextInput(attrs={"autocomplete": "url", "inputmode": "url", "spellcheck": "false"}),
        error_messages={"required": _("Enter the address of your store, for example https://shop.example.com.")},
    )


class SameShopForm(forms.Form):
    """`asks`: whether the address is another one than that of the shop whose orders were already sent."""

    is_same_shop = forms.BooleanField(
        label=_("Yes, it is the same shop at a new address"),
        required=False,
        error_messages={"required": _("Say that it is the same shop. Another shop needs a workspace of its own.")},
    )

    def __init__(self, data: Any = None, *, asks: bool, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.asks = asks
        if asks:
            self.fields["is_same_shop"].required = True
        else:
            del self.fields["is_same_shop"]


class KeysForm(SameShopForm):
    consumer_key = forms.CharField(
        label=_("Consumer key"),
        max_length=100,
        help_text=_("It starts with ck_."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    consumer_secret = forms.CharField(
        label=_("Consumer secret"),
        max_length=100,
        help_text=_("It starts with cs_. It is stored encrypted and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class PrefixForm(forms.Form):
    number_prefix = forms.CharField(
        label=_("Order number prefix"),
        required=False,
        max_length=15,
        help_text=_("For example Wio: order 1234 becomes Wio1234."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
