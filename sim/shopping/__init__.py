"""Shopping: shops and their prices, needs and where they are met, brands, promoted places, updates on orders."""
